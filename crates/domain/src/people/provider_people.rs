//! People whom an identity provider vouches for: who of ours they are, or shall be.

use super::{login_list::LoginEnd, name::require_name_of_person};
use crate::{
    DomainError, Result, Role, Store, UserId,
    access_token::{TokenBasis, VerifiedToken},
    api_tokens::verification::looks_like_api_token,
    identity_provider::{ForeignToken, IdentityProvider, is_signed_with_public_key},
};

impl Store {
    /// Verifies a token, whoever made it: this server, the one before it, the identity provider, or a person for a tool.
    pub(crate) async fn verify_token_of_anybody(&self, token: &str) -> Result<VerifiedToken> {
        if looks_like_api_token(token) {
            return self.verify_api_token_of_tool(token).await;
        }
        match &self.provider {
            Some(provider) if is_signed_with_public_key(token) => {
                let foreign = provider.verify_token_with_keys(token).await?;
                let user_id = self.find_user_of_provider(provider, &foreign).await?;
                let basis = TokenBasis::of_person_without_login(foreign.issued_at);
                Ok(VerifiedToken { user_id, expires_at: foreign.expires_at, basis })
            }
            _ => self.tokens.verify_access_token_claims(token),
        }
    }

    async fn find_user_of_provider(
        &self,
        provider: &IdentityProvider,
        token: &ForeignToken,
    ) -> Result<UserId> {
        if let Some(known) = provider.people.get(&token.subject) {
            return Ok(known);
        }
        let issuer = &*provider.config.issuer;
        let found = match self.find_user_by_subject(issuer, &token.subject).await? {
            Some(known) => Some(known),
            None => self.link_user_by_email(issuer, token).await?,
        };
        let user_id = match found {
            Some(known) => known,
            None if provider.config.creates_users => {
                self.create_user_of_provider(issuer, token).await?
            }
            None => return Err(DomainError::Unauthenticated),
        };
        provider.people.insert(token.subject.clone(), user_id);
        Ok(user_id)
    }

    async fn find_user_by_subject(&self, issuer: &str, subject: &str) -> Result<Option<UserId>> {
        Ok(sqlx::query_scalar(
            "select id from users where external_issuer = $1 and external_subject = $2",
        )
        .bind(issuer)
        .bind(subject)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// Somebody known by the address that the provider vouches for is theirs from now on, unless they are another's. Who
    /// registered that address with a password has proved nothing: the password and its logins end.
    async fn link_user_by_email(
        &self,
        issuer: &str,
        token: &ForeignToken,
    ) -> Result<Option<UserId>> {
        let Some(email) = &token.email else { return Ok(None) };
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let linked: Option<UserId> = sqlx::query_scalar(
            "update users set external_issuer = $1, external_subject = $2, password_hash = null
             where lower(email) = $3 and external_subject is null returning id",
        )
        .bind(issuer)
        .bind(&token.subject)
        .bind(email)
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(user_id) = linked else { return Ok(None) };
        LoginEnd::AllBut(None).end_logins_within_transaction(&mut transaction, user_id).await?;
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(user_id);
        Ok(Some(user_id))
    }

    async fn create_user_of_provider(&self, issuer: &str, token: &ForeignToken) -> Result<UserId> {
        let email = token.email.as_deref().ok_or(DomainError::Unauthenticated)?;
        let handle = email.split('@').next().unwrap_or(email);
        let given = token.name.as_deref().unwrap_or(handle);
        let most = self.config.limits.name_chars;
        let name = require_name_of_person(given, most).unwrap_or_else(|_| handle.to_owned());
        let added = self.insert_user_with_role(email, &name, Role::Student, None).await;
        match added {
            Ok(_) => {}
            // By another request of theirs, at the same moment; or the address is somebody's of another subject.
            Err(DomainError::Conflict(_)) => {}
            Err(DomainError::Validation { .. }) => return Err(DomainError::Unauthenticated),
            Err(other) => return Err(other),
        }
        if let Some(linked) = self.link_user_by_email(issuer, token).await? {
            tracing::info!(target: "owlpost::audit", deed = "create", subject = %linked, "audit");
            return Ok(linked);
        }
        let known = self.find_user_by_subject(issuer, &token.subject).await?;
        known.ok_or(DomainError::Unauthenticated)
    }
}
