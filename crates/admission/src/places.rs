//! Places for a bounded number of guests, and for a bounded number of one subscriber.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client_address::Networks;

/// Bits of an IPv6 address that name a subscriber, who can choose the others at will.
const IPV6_SUBSCRIBER_BITS: u32 = 64;

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// Everything is taken.
    #[error("as many are inside as may be")]
    All,
    /// The subscriber has as many places as one may have.
    #[error("as many of this address are inside as may be")]
    OfSubscriber,
}

/// A bounded number of places. A [`Place`] is given back when it is dropped.
#[derive(Debug)]
pub struct Places {
    all: usize,
    free: Arc<Semaphore>,
    most_of_subscriber: usize,
    unlimited: Networks,
    of_subscribers: Mutex<HashMap<IpAddr, usize>>,
}

impl Places {
    /// `all` places, of which one subscriber gets `most_of_subscriber` at most; 0 there means any number. Those of
    /// the `unlimited` networks, and guests without an address, count for the whole only.
    pub fn new(all: usize, most_of_subscriber: usize, unlimited: Networks) -> Arc<Self> {
        Arc::new(Self {
            all,
            free: Arc::new(Semaphore::new(all)),
            most_of_subscriber,
            unlimited,
            of_subscribers: Mutex::new(HashMap::new()),
        })
    }

    /// Takes a place for a guest of this address.
    pub fn take_place_for_guest(
        self: &Arc<Self>,
        address: Option<IpAddr>,
    ) -> Result<Place, NoPlace> {
        let permit = self.free.clone().try_acquire_owned().map_err(|_| NoPlace::All)?;
        let counted = address.filter(|address| self.is_address_of_subscriber(*address));
        let subscriber = counted.map(reduce_address_to_subscriber);
        if let Some(subscriber) = subscriber {
            self.count_guest_of_subscriber(subscriber)?;
        }
        let of_subscriber =
            subscriber.map(|address| OfSubscriber { places: self.clone(), address });
        Ok(Place { _permit: permit, _of_subscriber: of_subscriber })
    }

    fn is_address_of_subscriber(&self, address: IpAddr) -> bool {
        self.most_of_subscriber > 0 && !self.unlimited.include_address_of_peer(address)
    }

    fn count_guest_of_subscriber(&self, subscriber: IpAddr) -> Result<(), NoPlace> {
        let mut of_subscribers = self.of_subscribers.lock();
        let inside = of_subscribers.entry(subscriber).or_default();
        if *inside >= self.most_of_subscriber {
            return Err(NoPlace::OfSubscriber);
        }
        *inside += 1;
        Ok(())
    }

    fn forget_guest_of_subscriber(&self, subscriber: IpAddr) {
        let mut of_subscribers = self.of_subscribers.lock();
        if let Some(inside) = of_subscribers.get_mut(&subscriber) {
            *inside -= 1;
            if *inside == 0 {
                of_subscribers.remove(&subscriber);
            }
        }
    }

    /// Places there are, taken or not.
    pub fn all(&self) -> usize {
        self.all
    }

    /// Places that are taken.
    pub fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }

    /// Resolves when every place is free.
    pub async fn wait_until_all_free(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        // An error only when the semaphore is closed, which nobody does.
        let _ = self.free.acquire_many(all).await;
    }
}

/// One place that is taken.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _of_subscriber: Option<OfSubscriber>,
}

/// The part of a place that counts for its subscriber.
#[derive(Debug)]
struct OfSubscriber {
    places: Arc<Places>,
    address: IpAddr,
}

impl Drop for OfSubscriber {
    fn drop(&mut self) {
        self.places.forget_guest_of_subscriber(self.address);
    }
}

/// What of an address is counted: all of IPv4, and the part of IPv6 a subscriber cannot choose.
pub fn reduce_address_to_subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let mask = u128::MAX << (128 - IPV6_SUBSCRIBER_BITS);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("address"))
    }

    #[test]
    fn should_give_as_many_places_as_there_are_and_each_again() {
        let places = Places::new(2, 0, Networks::default());
        let first = places.take_place_for_guest(address("10.0.0.1")).expect("a place");
        let second = places.take_place_for_guest(address("10.0.0.1")).expect("a place");
        assert_eq!(places.taken(), 2);
        assert_eq!(places.take_place_for_guest(None).expect_err("full"), NoPlace::All);
        drop(first);
        assert_eq!(places.taken(), 1);
        let third = places.take_place_for_guest(address("10.0.0.2")).expect("a place");
        drop((second, third));
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn should_give_one_subscriber_no_more_than_its_share() {
        let unlimited = Networks::from_texts(["10.9.0.0/16"]).expect("a network");
        let places = Places::new(10, 2, unlimited);
        let mine = [(); 2].map(|()| places.take_place_for_guest(address("10.0.0.1")));
        let one_more = places.take_place_for_guest(address("::ffff:10.0.0.1"));
        assert_eq!(one_more.expect_err("full"), NoPlace::OfSubscriber);
        // What was refused takes no place of the whole.
        assert_eq!(places.taken(), 2);
        let other = places.take_place_for_guest(address("10.0.0.2")).expect("a place");
        let unnamed = [(); 3].map(|()| places.take_place_for_guest(None).expect("a place"));
        let unlimited = [(); 3]
            .map(|()| places.take_place_for_guest(address("::ffff:10.9.0.1")).expect("a place"));
        drop(mine);
        let again = places.take_place_for_guest(address("10.0.0.1")).expect("a place");
        drop((other, unnamed, unlimited, again));
        assert_eq!(places.taken(), 0);
        assert!(places.of_subscribers.lock().is_empty(), "addresses that left are forgotten");
    }

    #[test]
    fn should_take_neighbours_of_one_subscriber_for_one() {
        let places = Places::new(10, 1, Networks::default());
        let _place = places.take_place_for_guest(address("2001:db8::1")).expect("a place");
        let neighbour = places.take_place_for_guest(address("2001:db8::ffff:1"));
        assert_eq!(neighbour.expect_err("the same"), NoPlace::OfSubscriber);
        places.take_place_for_guest(address("2001:db8:0:1::1")).expect("another one");
    }

    #[tokio::test]
    async fn should_tell_when_all_are_gone() {
        let places = Places::new(3, 1, Networks::default());
        let place = places.take_place_for_guest(address("10.0.0.1")).expect("a place");
        let all_free = tokio::spawn({
            let places = places.clone();
            async move { places.wait_until_all_free().await }
        });
        tokio::task::yield_now().await;
        assert!(!all_free.is_finished());
        drop(place);
        all_free.await.expect("told");
    }
}
