//! Who asks, and how many of them may be inside at once. Asked before any token is seen, by whatever lets strangers
//! in: the listener for connections, the engine for sessions.
//!
//! - [`client_address`]: the address a request comes from, when proxies stand between;
//! - [`guesses`]: how often a secret may be guessed, from an address and at an account;
//! - [`rate_limit`]: how often one key (an address, a user) may ask;
//! - [`places`]: places for a bounded number of guests, and for a bounded number of one subscriber.

pub mod client_address;
pub mod guesses;
pub mod places;
pub mod rate_limit;

pub use client_address::{ClientAddress, InvalidNetwork, Networks};
pub use guesses::{Guess, GuessBrake, GuessBudget};
pub use places::{NoPlace, Place, Places};
pub use rate_limit::{KeyedRateLimiter, RateExceeded};
