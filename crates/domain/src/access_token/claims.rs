//! Claims as tokens of this server, of the older Express server and of identity providers carry them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::{DomainError, Result};

/// How far the clock of an issuer may be ahead of ours: for `nbf`, and for nothing else.
pub const CLOCK_LEEWAY: Duration = Duration::from_secs(30);

/// A token that is to be valid for longer is refused: nobody wants one, and whoever makes one has made a mistake.
const LONGEST_LIFETIME: TimeDelta = TimeDelta::days(366);

/// Claims of an access token.
#[derive(Deserialize)]
pub(super) struct PresentedClaims {
    pub(super) sub: Option<String>,
    #[serde(rename = "userId")]
    pub(super) user_id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) sid: Option<String>,
    #[serde(flatten)]
    pub(super) times: TimeClaims,
}

/// The times of a token: `NumericDate`, which is any JSON number of seconds (RFC 7519, section 2).
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct TimeClaims {
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
}

impl TimeClaims {
    /// When the token ends; an error unless that is still to come, and its beginning is not.
    pub(crate) fn check_times_against_clock(self, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let expires_at = read_time_of_number(self.exp)?;
        if let Some(begins) = self.nbf {
            let leeway = TimeDelta::from_std(CLOCK_LEEWAY).unwrap_or_default();
            if read_time_of_number(begins)? > now + leeway {
                return Err(DomainError::Unauthenticated);
            }
        }
        if expires_at - now > LONGEST_LIFETIME {
            return Err(DomainError::Unauthenticated);
        }
        if expires_at <= now { Err(DomainError::TokenExpired) } else { Ok(expires_at) }
    }

    /// The whole second in which it was issued.
    pub(crate) fn issued_second(self) -> Option<i64> {
        read_time_of_number(self.iat?).ok().map(|at| at.timestamp())
    }
}

fn read_time_of_number(seconds: f64) -> Result<DateTime<Utc>> {
    // Before it no token was issued, and beyond it no date is one; a cast of what is not finite would come to something.
    let in_bounds = (0.0..1e12).contains(&seconds);
    let ms = in_bounds.then_some((seconds * 1000.0).floor() as i64);
    ms.and_then(DateTime::from_timestamp_millis).ok_or(DomainError::Unauthenticated)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(exp: f64, nbf: Option<f64>) -> Result<DateTime<Utc>> {
        let now = DateTime::from_timestamp(1_000_000, 0).expect("a time");
        TimeClaims { exp, nbf, iat: None }.check_times_against_clock(now)
    }

    #[test]
    fn should_end_a_token_when_it_says_to_the_millisecond() {
        assert!(judge(1_000_000.001, None).is_ok());
        assert!(matches!(judge(1_000_000.0, None), Err(DomainError::TokenExpired)));
        assert!(matches!(judge(0.0, None), Err(DomainError::TokenExpired)));
        let year = 366.0 * 86_400.0;
        assert!(judge(1_000_000.0 + year, None).is_ok());
        for beyond in [-1.0, 1_000_001.0 + year, 1e300, f64::INFINITY, f64::NAN] {
            assert!(matches!(judge(beyond, None), Err(DomainError::Unauthenticated)), "{beyond}");
        }
    }

    #[test]
    fn should_begin_a_token_when_it_says_give_or_take_the_clocks() {
        for (nbf, taken) in [(0.5, true), (1_000_030.0, true), (1_000_030.001, false)] {
            assert_eq!(judge(1_000_100.0, Some(nbf)).is_ok(), taken, "{nbf}");
        }
    }
}
