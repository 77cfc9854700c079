//! A person as everything that admits them needs them.

use crate::{
    User,
    access_token::{LoginId, TokenBasis},
};

/// Somebody who is not deactivated, and what their tokens are good through.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who it is.
    pub user: User,
    /// Tokens that belong to no login count only when they were issued after this second.
    pub(crate) tokens_valid_from: Option<i64>,
    /// Logins that have not ended, and API tokens that were not revoked.
    pub(crate) live_logins: Vec<LoginId>,
}

impl Account {
    /// Whether a token with this basis is still good.
    pub fn admits_token_of_basis(&self, basis: TokenBasis) -> bool {
        match basis.login {
            Some(login) => self.live_logins.contains(&login),
            None => is_issued_after_second(basis, self.tokens_valid_from),
        }
    }
}

/// Whether a token that belongs to no login was issued late enough. In the second of the change itself nobody can tell.
pub fn is_issued_after_second(basis: TokenBasis, valid_from: Option<i64>) -> bool {
    valid_from.is_none_or(|second| basis.issued_at.is_some_and(|issued| issued > second))
}
