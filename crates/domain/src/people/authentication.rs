//! From a token to the account it is of.

use std::sync::Arc;

use chrono::Utc;
use futures_util::future::BoxFuture;

use crate::{
    DomainError, Result, Store, User, UserId,
    access_token::VerifiedToken,
    account::Account,
    policy::{Action, authorize_user_for_action},
};

impl Store {
    /// Verifies an access token or an API token and finds its user as the database has them now (or moments ago).
    pub fn authenticate_user_by_token<'a>(
        &'a self,
        token: &'a str,
    ) -> BoxFuture<'a, Result<(User, VerifiedToken)>> {
        Box::pin(async move {
            let verified = self.verify_token_of_anybody(token).await?;
            let account = self.find_account_of_token(&verified).await?;
            self.note_use_of_token(&verified);
            Ok((account.user.clone(), verified))
        })
    }

    /// The Auror whom a session of the console lets in, as long as they are one and their login lasts.
    pub async fn find_operator_by_session(&self, session: &str) -> Result<(User, VerifiedToken)> {
        let verified = self.tokens().verify_session_of_console(session)?;
        let user = self.find_operator_of_token(&verified).await?;
        Ok((user, verified))
    }

    /// The Auror of a verified session of the console.
    pub async fn find_operator_of_token(&self, verified: &VerifiedToken) -> Result<User> {
        if verified.expires_at <= Utc::now() {
            return Err(DomainError::TokenExpired);
        }
        let account = self.find_account_of_token(verified).await?;
        authorize_user_for_action(&account.user, Action::OperateServer)?;
        Ok(account.user.clone())
    }

    /// The account that a verified token is of, if it is still good.
    pub async fn find_account_of_token(&self, verified: &VerifiedToken) -> Result<Arc<Account>> {
        let (user_id, basis) = (verified.user_id, verified.basis);
        let account = self.find_admitted_account_by_id(user_id).await?;
        if account.admits_token_of_basis(basis) {
            return Ok(account);
        }
        let Some(login) = basis.login else { return Err(DomainError::Unauthenticated) };
        if self.ended_logins.contains_key(&login) {
            return Err(DomainError::Unauthenticated);
        }
        // A login of moments ago, at another node: memory does not know it yet.
        self.forget_user_in_memory(user_id);
        let account = self.find_admitted_account_by_id(user_id).await?;
        if account.admits_token_of_basis(basis) {
            return Ok(account);
        }
        self.ended_logins.insert(login, ());
        Err(DomainError::Unauthenticated)
    }

    async fn find_admitted_account_by_id(&self, id: UserId) -> Result<Arc<Account>> {
        self.find_account_by_id(id).await?.ok_or(DomainError::Unauthenticated)
    }
}
