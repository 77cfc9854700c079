//! Registration, login, renewal, logout.

use std::{net::IpAddr, time::Duration};

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{login_list::LoginEnd, password::is_hash_by_bcrypt};
use crate::{
    Applicant, DomainError, Result, Role, Store, User, UserId,
    access_token::LoginId,
    random_token::{hash_of_random_token, make_random_token_text},
    rows::UserRow,
    validate::require_email_with_handle,
};

/// What a login gives: who it is, and the two tokens.
#[derive(Debug)]
pub struct LoginGrant {
    /// Who logged in.
    pub user: User,
    /// For requests and sockets; short-lived.
    pub access_token: String,
    /// Good for one more grant; long-lived.
    pub refresh_token: String,
    /// Lifetime of the access token, in seconds.
    pub expires_in_seconds: u64,
    /// The login it belongs to.
    pub login: LoginId,
}

/// Where a login comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginOrigin {
    /// The address, as far as it is counted.
    pub address: Option<IpAddr>,
    /// What the client says it is.
    pub user_agent: Option<String>,
}

/// Whom an attempt to log in is about, before their password is looked at.
#[derive(Debug)]
pub struct LoginCandidate {
    /// The address it names, in lower case: also when it is nobody's.
    pub email: String,
    /// Where it comes from, and whether that person usually does.
    pub applicant: Applicant,
    user_id: Option<UserId>,
    password_hash: Option<String>,
}

/// Who registers.
#[derive(Debug, Clone, Copy)]
pub struct NewPerson<'a> {
    /// Address.
    pub email: &'a str,
    /// Name to show.
    pub name: &'a str,
    /// As they chose it.
    pub password: &'a str,
    /// The token of an invitation, if they have one.
    pub invitation: Option<&'a str>,
}

/// How long after it was spent a refresh token is taken again while its successors are unused. Longer than a client
/// waits before it tries again, and short for somebody who found a copy.
pub const REUSE_WINDOW: Duration = Duration::from_secs(30);

/// Characters of a `User-Agent` that are kept.
const USER_AGENT_CHARS: usize = 200;
/// How long a person is known at an address after they were there.
const FAMILIAR_DAYS: i32 = 30;

/// What a refresh token is good for, by the clock of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum RefreshState {
    /// It was not spent.
    Fresh,
    /// It was spent moments ago, and none of its successors was used.
    SpentJustNow,
    /// It was not used in time.
    Expired,
    /// It was spent or revoked.
    Dead,
}

#[derive(FromRow)]
struct RefreshRow {
    #[sqlx(rename = "token_id")]
    id: Uuid,
    family_id: Uuid,
    state: RefreshState,
    is_admitted: bool,
    #[sqlx(flatten)]
    user: UserRow,
}

/// Where a refresh token comes from: its login, and the token that was spent for it, if it was not the login itself.
struct TokenOrigin {
    family_id: LoginId,
    parent_id: Option<Uuid>,
}

impl Store {
    /// Makes somebody with a password and logs them in: a STUDENT, or what their invitation says. Fails with `Forbidden`
    /// when neither the policy nor an invitation lets them in.
    pub async fn register_user_with_password(
        &self,
        person: NewPerson<'_>,
        origin: &LoginOrigin,
    ) -> Result<LoginGrant> {
        let email = require_email_with_handle(person.email)?;
        let is_open = self.config.registration.admits_person_with_email(&email);
        if !is_open && person.invitation.is_none() {
            return Err(DomainError::Forbidden(
                "Registration is closed for this address; ask for an invitation",
            ));
        }
        let applicant = Applicant { address: origin.address, is_familiar: false };
        let own = [&*email, person.name];
        let hash = self.hash_new_password_of_person(person.password, &own, applicant).await?;
        let user = match person.invitation {
            Some(token) => self.insert_invited_user_with(token, &email, person.name, hash).await?,
            None => {
                self.insert_user_with_role(&email, person.name, Role::Student, Some(hash)).await?
            }
        };
        self.begin_login_of_user(user, origin).await
    }

    /// Whom an attempt to log in is about. Nobody is told whether there is such a person.
    pub async fn find_login_candidate_by_email(
        &self,
        email: &str,
        address: Option<IpAddr>,
    ) -> Result<LoginCandidate> {
        let email = email.trim().to_ascii_lowercase();
        let mut candidate = LoginCandidate {
            email,
            applicant: Applicant { address, is_familiar: false },
            user_id: None,
            password_hash: None,
        };
        if candidate.email.contains('\0') {
            return Ok(candidate);
        }
        let found: Option<(Uuid, Option<String>, bool)> = sqlx::query_as(
            "select id, password_hash, exists (
                 select from login_sessions login
                 where login.user_id = users.id and login.address = $2
                     and login.last_used_at > now() - make_interval(days => $3))
             from users
             where lower(email) = $1 and deactivated_at is null and ($4 or not is_demo)",
        )
        .bind(&candidate.email)
        .bind(address.map(|address| address.to_string()))
        .bind(FAMILIAR_DAYS)
        .bind(self.config.admits_demo_users)
        .fetch_optional(&self.pool)
        .await?;
        if let Some((id, hash, is_familiar)) = found {
            candidate.user_id = Some(id);
            candidate.password_hash = hash;
            candidate.applicant.is_familiar = is_familiar;
        }
        Ok(candidate)
    }

    /// Logs in. An unknown address and a wrong password take the same time and give the same answer.
    pub async fn login_candidate_with_password(
        &self,
        candidate: LoginCandidate,
        password: &str,
        origin: &LoginOrigin,
    ) -> Result<LoginGrant> {
        let LoginCandidate { applicant, user_id, password_hash, .. } = candidate;
        let is_old = password_hash.as_deref().is_some_and(is_hash_by_bcrypt);
        let matches = self.verify_password_off_thread(password, password_hash, applicant).await?;
        let user_id = user_id.filter(|_| matches).ok_or(DomainError::Unauthenticated)?;
        if is_old {
            self.renew_hash_of_user(user_id, password, applicant).await?;
        }
        let user = self.find_user_by_id(user_id).await?.ok_or(DomainError::Unauthenticated)?;
        self.begin_login_of_user(user, origin).await
    }

    /// Spends a refresh token for new tokens, in one transaction: an answer that fails spends nothing.
    ///
    /// A token that was spent is taken again for [`REUSE_WINDOW`] while none of the tokens it was spent for was used:
    /// two tabs that renew at the same moment and an answer that was lost on its way are no theft. Each gets a token
    /// of its own. Past that, somebody else holds a copy: the login is ended, and thief and owner must both log in again.
    pub async fn rotate_refresh_token_family(
        &self,
        refresh_token: &str,
        origin: &LoginOrigin,
    ) -> Result<LoginGrant> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let row = find_refresh_token_locked(
            &mut transaction,
            refresh_token,
            self.config.admits_demo_users,
        )
        .await?
        .ok_or(DomainError::Unauthenticated)?;
        match row.state {
            _ if !row.is_admitted => return Err(DomainError::Unauthenticated),
            RefreshState::Expired => return Err(DomainError::Unauthenticated),
            RefreshState::Dead => {
                let end = LoginEnd::OfLogin(row.family_id);
                end.end_logins_within_transaction(&mut transaction, row.user.id).await?;
                transaction.commit_transaction_within_limit().await?;
                self.forget_user_in_memory(row.user.id);
                return Err(DomainError::Unauthenticated);
            }
            RefreshState::Fresh | RefreshState::SpentJustNow => {}
        }
        // The window runs from the first time it was spent.
        sqlx::query("update refresh_tokens set used_at = coalesce(used_at, now()) where id = $1")
            .bind(row.id)
            .execute(&mut *transaction)
            .await?;
        let user = User::from(row.user);
        self.note_use_of_login(&mut transaction, row.family_id, user.id, origin).await?;
        let token_origin = TokenOrigin { family_id: row.family_id, parent_id: Some(row.id) };
        let refresh_token =
            self.insert_refresh_token_row(&mut transaction, user.id, token_origin).await?;
        let grant = self.build_login_grant_with_tokens(user, row.family_id, refresh_token)?;
        transaction.commit_transaction_within_limit().await?;
        Ok(grant)
    }

    /// Logs out: the token, its login and every access token of it are good for nothing any more. `None` when the token
    /// is unknown.
    pub async fn end_login_of_token(&self, refresh_token: &str) -> Result<Option<UserId>> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let found: Option<(Uuid, Uuid)> =
            sqlx::query_as("select family_id, user_id from refresh_tokens where token_hash = $1")
                .bind(&hash_of_random_token(refresh_token)[..])
                .fetch_optional(&mut *transaction)
                .await?;
        let Some((login, user_id)) = found else { return Ok(None) };
        LoginEnd::OfLogin(login).end_logins_within_transaction(&mut transaction, user_id).await?;
        transaction.commit_transaction_within_limit().await?;
        self.forget_user_in_memory(user_id);
        Ok(Some(user_id))
    }

    /// A new login. One too many makes the one that was not used for longest end.
    pub(crate) async fn begin_login_of_user(
        &self,
        user: User,
        origin: &LoginOrigin,
    ) -> Result<LoginGrant> {
        let mut transaction = self.pool.begin_transaction_with_guard().await?;
        let login = Uuid::now_v7();
        self.note_use_of_login(&mut transaction, login, user.id, origin).await?;
        let most = self.config.limits.logins_per_user;
        LoginEnd::AllButNewest(most)
            .end_logins_within_transaction(&mut transaction, user.id)
            .await?;
        let token_origin = TokenOrigin { family_id: login, parent_id: None };
        let refresh_token =
            self.insert_refresh_token_row(&mut transaction, user.id, token_origin).await?;
        transaction.commit_transaction_within_limit().await?;
        // What is in memory does not know the login.
        self.forget_user_in_memory(user.id);
        self.build_login_grant_with_tokens(user, login, refresh_token)
    }

    async fn note_use_of_login(
        &self,
        connection: &mut PgConnection,
        login: LoginId,
        user_id: UserId,
        origin: &LoginOrigin,
    ) -> Result<()> {
        // A login that a server of the version before began has no row yet.
        sqlx::query(
            "insert into login_sessions (id, user_id, expires_at, address, user_agent)
             values ($1, $2, now() + make_interval(secs => $3), $4, $5)
             on conflict (id) do update set last_used_at = now(), expires_at = excluded.expires_at,
                 address = coalesce(excluded.address, login_sessions.address),
                 user_agent = coalesce(excluded.user_agent, login_sessions.user_agent)",
        )
        .bind(login)
        .bind(user_id)
        .bind(self.config.refresh_token_ttl.max(self.config.access_token_ttl).as_secs_f64())
        .bind(origin.address.map(|address| address.to_string()))
        .bind(origin.user_agent.as_deref().map(shorten_name_of_client))
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn insert_refresh_token_row(
        &self,
        connection: &mut PgConnection,
        user_id: UserId,
        origin: TokenOrigin,
    ) -> Result<String> {
        let token = make_random_token_text();
        sqlx::query(
            "insert into refresh_tokens (id, family_id, parent_id, user_id, token_hash, expires_at)
             values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))",
        )
        .bind(Uuid::now_v7())
        .bind(origin.family_id)
        .bind(origin.parent_id)
        .bind(user_id)
        .bind(&hash_of_random_token(&token)[..])
        .bind(self.config.refresh_token_ttl.as_secs_f64())
        .execute(connection)
        .await?;
        Ok(token)
    }

    fn build_login_grant_with_tokens(
        &self,
        user: User,
        login: LoginId,
        refresh_token: String,
    ) -> Result<LoginGrant> {
        let ttl = self.config.access_token_ttl;
        let access_token = self.tokens.sign_token_of_login(&user, Some(login), ttl)?;
        Ok(LoginGrant {
            user,
            access_token,
            refresh_token,
            expires_in_seconds: ttl.as_secs(),
            login,
        })
    }
}

async fn find_refresh_token_locked(
    connection: &mut PgConnection,
    token: &str,
    admits_demo_users: bool,
) -> Result<Option<RefreshRow>> {
    Ok(sqlx::query_as(
        "select token.id as token_id, token.family_id, users.id, users.email, users.name, users.role, users.handle,
             users.deactivated_at is null and ($3 or not users.is_demo) as is_admitted,
             case when token.revoked_at is not null then 'dead'
                  when token.used_at is not null
                      and (token.used_at <= now() - make_interval(secs => $2) or exists (
                          select from refresh_tokens successor
                          where successor.family_id = token.family_id and successor.parent_id = token.id
                              and successor.used_at is not null)) then 'dead'
                  when token.expires_at <= now() then 'expired'
                  when token.used_at is not null then 'spent_just_now'
                  else 'fresh' end as state
         from refresh_tokens token join users on users.id = token.user_id
         where token.token_hash = $1 for update of token",
    )
    .bind(&hash_of_random_token(token)[..])
    .bind(REUSE_WINDOW.as_secs_f64())
    .bind(admits_demo_users)
    .fetch_optional(connection)
    .await?)
}

fn shorten_name_of_client(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect()
}
