//! Connections by the secret their clients prove themselves with.
//!
//! A client that asks for a connection before it has a carrier for it leaves something behind if it never comes. So there
//! is a bound on how many of one owner nobody has taken up yet.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    hash::Hash,
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::RngExt as _;

use crate::sync::Mutex;

/// Bytes of a secret: nobody guesses them.
const SECRET_BYTES: usize = 16;

/// What a client proves itself with.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ConnectionSecret(Box<str>);

impl ConnectionSecret {
    /// A new one, of 128 random bits in 22 characters that need no escape in an address.
    pub fn draw_from_random_bits() -> Self {
        let bytes: [u8; SECRET_BYTES] = rand::rng().random();
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// For the client alone.
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ConnectionSecret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for ConnectionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConnectionSecret")
    }
}

/// As many of this owner wait to be taken up as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyHalfOpen;

struct Entry<K, T> {
    connection: Arc<T>,
    /// Whose it is, until somebody has taken it up.
    half_open_of: Option<K>,
}

struct State<K, T> {
    entries: HashMap<ConnectionSecret, Entry<K, T>>,
    half_open: HashMap<K, usize>,
    /// Those that were half open when they came, the oldest first.
    came: VecDeque<(Instant, ConnectionSecret)>,
}

/// Connections by their secrets.
pub struct Directory<K, T> {
    most_half_open: usize,
    state: Mutex<State<K, T>>,
}

impl<K: Hash + Eq + Clone, T> Directory<K, T> {
    /// One owner may have so many connections that nobody has taken up.
    pub fn new(most_half_open: usize) -> Self {
        let state =
            State { entries: HashMap::new(), half_open: HashMap::new(), came: VecDeque::new() };
        Self { most_half_open, state: Mutex::new(state) }
    }

    /// Adds a connection that is yet to be taken up.
    pub fn add_half_open_connection(
        &self,
        secret: ConnectionSecret,
        owner: K,
        connection: Arc<T>,
    ) -> Result<(), TooManyHalfOpen> {
        let mut state = self.state.lock();
        let half_open = state.half_open.entry(owner.clone()).or_default();
        if *half_open >= self.most_half_open {
            return Err(TooManyHalfOpen);
        }
        *half_open += 1;
        state.came.push_back((Instant::now(), secret.clone()));
        state.entries.insert(secret, Entry { connection, half_open_of: Some(owner) });
        Ok(())
    }

    /// Adds a connection that came with its carrier.
    pub fn add_connection_with_carrier(&self, secret: ConnectionSecret, connection: Arc<T>) {
        self.state.lock().entries.insert(secret, Entry { connection, half_open_of: None });
    }

    /// The connection of this secret.
    pub fn find_connection_by_secret(&self, secret: &ConnectionSecret) -> Option<Arc<T>> {
        self.state.lock().entries.get(secret).map(|entry| entry.connection.clone())
    }

    /// Takes note that a carrier has come for the connection.
    pub fn note_connection_as_taken(&self, secret: &ConnectionSecret) {
        let mut state = self.state.lock();
        let owner = state.entries.get_mut(secret).and_then(|entry| entry.half_open_of.take());
        state.forget_half_open_connection(owner);
    }

    /// Removes a connection; true for the first to ask.
    pub fn remove_connection_by_secret(&self, secret: &ConnectionSecret) -> bool {
        let mut state = self.state.lock();
        let Some(entry) = state.entries.remove(secret) else { return false };
        state.forget_half_open_connection(entry.half_open_of);
        true
    }

    /// Removes the connections that nobody has taken up within this time. To be called now and then.
    pub fn forget_half_open_older_than(&self, age: Duration) {
        let mut state = self.state.lock();
        while let Some((came_at, _)) = state.came.front()
            && came_at.elapsed() >= age
        {
            let Some((_, secret)) = state.came.pop_front() else { return };
            let is_half_open =
                state.entries.get(&secret).is_some_and(|entry| entry.half_open_of.is_some());
            if is_half_open && let Some(entry) = state.entries.remove(&secret) {
                state.forget_half_open_connection(entry.half_open_of);
            }
        }
        if state.came.is_empty() {
            state.came = VecDeque::new();
        }
    }

    /// Every connection.
    pub fn list_all_connections(&self) -> Vec<Arc<T>> {
        self.state.lock().entries.values().map(|entry| entry.connection.clone()).collect()
    }
}

impl<K: Hash + Eq + Clone, T> State<K, T> {
    fn forget_half_open_connection(&mut self, owner: Option<K>) {
        let Some(owner) = owner else { return };
        if let Some(half_open) = self.half_open.get_mut(&owner) {
            *half_open -= 1;
            if *half_open == 0 {
                self.half_open.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_hold_so_many_that_nobody_took_up_for_each_owner() {
        let directory = Directory::new(2);
        let add = |owner: &'static str| {
            let secret = ConnectionSecret::draw_from_random_bits();
            directory
                .add_half_open_connection(secret.clone(), owner, Arc::new(owner))
                .map(|()| secret)
        };
        let (first, second) = (add("harry").unwrap(), add("harry").unwrap());
        assert_eq!(add("harry"), Err(TooManyHalfOpen));
        assert!(add("draco").is_ok());
        directory.note_connection_as_taken(&first);
        directory.note_connection_as_taken(&first);
        let third = add("harry").unwrap();
        assert_eq!(add("harry"), Err(TooManyHalfOpen));
        assert!(directory.remove_connection_by_secret(&second));
        assert!(!directory.remove_connection_by_secret(&second));
        assert!(add("harry").is_ok());
        for secret in [&first, &third] {
            assert_eq!(directory.find_connection_by_secret(secret).as_deref(), Some(&"harry"));
        }
        assert!(directory.find_connection_by_secret(&second).is_none());
    }

    #[test]
    fn should_keep_nothing_of_owners_without_connections() {
        let directory = Directory::new(1);
        let secret = ConnectionSecret::draw_from_random_bits();
        directory.add_half_open_connection(secret.clone(), 1, Arc::new(())).unwrap();
        directory.remove_connection_by_secret(&secret);
        let state = directory.state.lock();
        assert!(state.entries.is_empty() && state.half_open.is_empty());
    }

    #[test]
    fn should_forget_what_nobody_took_up_and_nothing_else() {
        let directory = Directory::new(2);
        let [taken, left] = [(); 2].map(|()| ConnectionSecret::draw_from_random_bits());
        for secret in [&taken, &left] {
            directory.add_half_open_connection(secret.clone(), 1, Arc::new(())).unwrap();
        }
        directory.note_connection_as_taken(&taken);
        directory.forget_half_open_older_than(Duration::from_secs(3600));
        assert!(directory.find_connection_by_secret(&left).is_some());
        directory.forget_half_open_older_than(Duration::ZERO);
        assert!(directory.find_connection_by_secret(&left).is_none());
        assert!(directory.find_connection_by_secret(&taken).is_some());
        assert!(directory.state.lock().half_open.is_empty());
    }

    #[test]
    fn should_draw_secrets_that_need_no_escape() {
        let secret = ConnectionSecret::draw_from_random_bits();
        assert_eq!(secret.as_str().len(), 22);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(secret.as_str().bytes().all(is_plain));
        assert_ne!(secret, ConnectionSecret::draw_from_random_bits());
        assert!(!format!("{secret:?}").contains(secret.as_str()));
    }
}
