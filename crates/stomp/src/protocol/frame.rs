//! What a client sends: a command, headers and a body.

use bytes::Bytes;

/// What a client can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `CONNECT`, or `STOMP`: the first of a connection.
    Connect,
    /// Says something to a destination.
    Send,
    /// Wants to hear a destination.
    Subscribe,
    /// Wants to hear it no more.
    Unsubscribe,
    /// A message was worked on.
    Ack,
    /// A message was not worked on.
    Nack,
    /// What names this transaction waits from here on.
    Begin,
    /// It waits no more.
    Commit,
    /// It is forgotten.
    Abort,
    /// The client goes.
    Disconnect,
}

impl Command {
    /// The command of this name.
    pub fn find_command_by_name(name: &str) -> Option<Self> {
        Some(match name {
            "CONNECT" | "STOMP" => Self::Connect,
            "SEND" => Self::Send,
            "SUBSCRIBE" => Self::Subscribe,
            "UNSUBSCRIBE" => Self::Unsubscribe,
            "ACK" => Self::Ack,
            "NACK" => Self::Nack,
            "BEGIN" => Self::Begin,
            "COMMIT" => Self::Commit,
            "ABORT" => Self::Abort,
            "DISCONNECT" => Self::Disconnect,
            _ => return None,
        })
    }

    /// Its name in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Send => "send",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Ack => "ack",
            Self::Nack => "nack",
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::Abort => "abort",
            Self::Disconnect => "disconnect",
        }
    }
}

/// The headers of a frame, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn push_header_of_frame(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of this name.
    pub fn find_value_by_name(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The first of this name, in whichever case it is written.
    pub fn find_value_ignoring_case(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All of them, name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// One frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFrame {
    /// What it is.
    pub command: Command,
    /// What it says of it.
    pub headers: Headers,
    /// What it brings; of `SEND` alone.
    pub body: Bytes,
    /// Its size on the wire.
    pub bytes: usize,
}
