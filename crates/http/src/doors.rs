//! How often strangers may try each door: one limit for each kind, so that none uses up another's.

use std::time::Duration;

use owlpost_admission::{GuessBrake, GuessBudget, KeyedRateLimiter};

use crate::config::HttpConfig;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// Wrong passwords of one account before each further one must wait: enough for somebody who tries all of theirs.
const FREE_GUESSES_PER_ACCOUNT: u32 = 10;
/// Renewals and logouts of one address, per second. Their tokens cannot be guessed, so this bounds work only, and a house
/// full of people behind one address stays far below.
const RENEWALS_PER_SECOND: u32 = 200;

/// The limits of the routes that give or take tokens.
pub(crate) struct Doors {
    /// Wrong passwords and wrong links, of each address.
    pub(crate) logins: GuessBudget,
    /// Wrong passwords at each account: of strangers together, and of each address where its person usually is.
    pub(crate) accounts: GuessBrake,
    /// Registrations of each address.
    pub(crate) registrations: GuessBudget,
    /// Renewals and logouts of each address.
    pub(crate) renewals: KeyedRateLimiter,
}

impl Doors {
    /// Those of a server. With `rate_limit_auth` off, nothing that can be guessed is limited.
    pub(crate) fn from_http_config(config: &HttpConfig) -> Self {
        let guesses = config.rate_limit_auth;
        let unless_off = |most| if guesses == 0 { 0 } else { most };
        Self {
            logins: GuessBudget::new(guesses, MINUTE),
            accounts: GuessBrake::with_free_tries(unless_off(FREE_GUESSES_PER_ACCOUNT)),
            registrations: GuessBudget::new(config.rate_limit_register, HOUR),
            renewals: KeyedRateLimiter::per_second(unless_off(RENEWALS_PER_SECOND)),
        }
    }
}
