//! Passwords: what may be one, and hashing and checking them in turn.

use std::sync::OnceLock;

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use rand::RngExt;
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    Applicant, DomainError, Result, Store, UserId, hashing::HashingTurn,
    validate::refuse_unstorable_or_long_text,
};

/// The least [`zxcvbn::Score`] of a password: one that takes a million guesses and more.
const LEAST_SCORE: zxcvbn::Score = zxcvbn::Score::Two;
/// Parts of a person's own words shorter than this say nothing against a password.
const TELLING_CHARS: usize = 3;
/// The dearest hash of another server that is checked: 15 takes some seconds.
const MOST_BCRYPT_COST: u32 = 15;
/// What everybody tries first here.
const HOUSE_WORDS: [&str; 4] = ["owlpost", "owl post", "hogwarts", "alohomora1"];

impl Store {
    /// argon2id with the OWASP parameters of the crate's default, off the async threads and bounded in number. `own` are
    /// words of the person, such as their address, which are no password of theirs.
    pub async fn hash_new_password_of_person(
        &self,
        password: &str,
        own: &[&str],
        applicant: Applicant,
    ) -> Result<String> {
        let limits = &self.config.limits;
        let (least, most) = (limits.password_min_chars, limits.password_max_chars);
        let password = compose_letters_of_password(password);
        check_password_length_bounds(&password, least, most)?;
        let own = own.iter().map(|word| (*word).to_owned()).collect();
        let turn = HashingTurn::of_applicant(applicant);
        self.hashing
            .run_blocking_work_in_turn(turn, move || {
                refuse_password_easily_guessed(&password, own)?;
                hash_password_with_argon(&password)
            })
            .await?
    }

    /// As [`Self::hash_new_password_of_person`], however easily it is guessed: for the demo, whose password everybody knows.
    pub async fn hash_known_demo_password(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        let turn = HashingTurn::of_applicant(Applicant::default());
        let hash = move || hash_password_with_argon(&password);
        self.hashing.run_blocking_work_in_turn(turn, hash).await?
    }

    /// Whether the password of somebody who is not marked as of the demo is this one.
    pub async fn has_unmarked_user_password(&self, email: &str, password: &str) -> Result<bool> {
        let hash: Option<String> = sqlx::query_scalar(
            "select password_hash from users where lower(email) = $1 and not is_demo",
        )
        .bind(email)
        .fetch_optional(&self.pool)
        .await?
        .flatten();
        match hash {
            Some(_) => self.verify_password_off_thread(password, hash, Applicant::default()).await,
            None => Ok(false),
        }
    }

    /// From now on the person is admitted only by servers that run for demonstration.
    pub async fn mark_user_as_demo(&self, id: UserId) -> Result<()> {
        sqlx::query("update users set is_demo = true where id = $1")
            .bind(id)
            .execute(&self.pool)
            .await?;
        self.forget_user_in_memory(id);
        Ok(())
    }

    /// Whether it is the password of this hash. The time tells nothing about the hash, nor whether there is one.
    pub(crate) async fn verify_password_off_thread(
        &self,
        password: &str,
        hash: Option<String>,
        applicant: Applicant,
    ) -> Result<bool> {
        // Longer than any stored password: hash a bounded part all the same, so that the time tells nothing.
        let longest = self.config.limits.password_max_chars * 4;
        let fits = password.len() <= longest;
        let written = password.as_bytes()[..password.len().min(longest)].to_vec();
        let composed = fits.then(|| compose_letters_of_password(password).into_bytes());
        let exists = hash.is_some();
        let hash = hash.unwrap_or_else(|| hash_that_matches_nothing().to_owned());
        let turn = HashingTurn::of_applicant(applicant);
        let matches = self
            .hashing
            .run_blocking_work_in_turn(turn, move || {
                let is_of_hash = |bytes: &[u8]| is_password_of_hash(bytes, &hash);
                match composed {
                    // Kept as it was written by versions that composed nothing.
                    Some(composed) if composed != written => {
                        is_of_hash(&composed) || is_of_hash(&written)
                    }
                    _ => is_of_hash(&written),
                }
            })
            .await?;
        Ok(matches && fits && exists)
    }

    /// Replaces a hash of another server by one of ours, now that the password is known.
    pub(super) async fn renew_hash_of_user(
        &self,
        id: UserId,
        password: &str,
        applicant: Applicant,
    ) -> Result<()> {
        let password = compose_letters_of_password(password);
        let turn = HashingTurn::of_applicant(applicant);
        let hash = move || hash_password_with_argon(&password);
        let hash = self.hashing.run_blocking_work_in_turn(turn, hash).await??;
        sqlx::query(
            "update users set password_hash = $2 where id = $1 and password_hash like '$2%'",
        )
        .bind(id)
        .bind(hash)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Keyboards write the same letter in more than one way.
fn compose_letters_of_password(password: &str) -> String {
    password.nfc().collect()
}

/// A password is kept as it is, spaces and all.
pub(crate) fn check_password_length_bounds(password: &str, min: usize, max: usize) -> Result<()> {
    refuse_unstorable_or_long_text("password", password, max)?;
    if password.chars().count() < min {
        let message = format!("must have at least {min} characters");
        return Err(DomainError::invalid_field_value("password", message));
    }
    Ok(())
}

/// Takes milliseconds for long passwords, so it is work for a turn.
fn refuse_password_easily_guessed(password: &str, own: Vec<String>) -> Result<()> {
    let refuse = |message: &str| Err(DomainError::invalid_field_value("password", message));
    let is_telling = |word: &&str| word.chars().count() >= TELLING_CHARS;
    let parts = own.iter().flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> =
        own.iter().map(String::as_str).chain(parts).chain(HOUSE_WORDS).filter(is_telling).collect();
    // The estimator looks at letters; a text without any has no strength it could see.
    if password.trim().is_empty() {
        return refuse("must not be blank");
    }
    let estimate = zxcvbn::zxcvbn(password, &known);
    if estimate.score() >= LEAST_SCORE {
        return Ok(());
    }
    let advice = estimate.feedback().and_then(|feedback| feedback.warning());
    match advice {
        Some(advice) => refuse(&format!("is too easily guessed: {advice}")),
        None => refuse("is too easily guessed: use several words, or more characters"),
    }
}

fn hash_password_with_argon(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| DomainError::internal_error_from_cause(error.to_string()))
}

fn is_password_of_hash(password: &[u8], hash: &str) -> bool {
    if is_hash_by_bcrypt(hash) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password, &hash).is_ok()
}

/// As the older Express server hashed. Replaced by one of ours at the first login.
pub(super) fn is_hash_by_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|version| hash.starts_with(version))
}

/// Whether passwords can be checked against this text at all.
pub(crate) fn can_check_passwords_of_hash(hash: &str) -> bool {
    match is_hash_by_bcrypt(hash) {
        true => hash
            .parse::<bcrypt::HashParts>()
            .is_ok_and(|parts| parts.get_cost() <= MOST_BCRYPT_COST),
        false => {
            PasswordHash::new(hash).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"))
        }
    }
}

fn hash_that_matches_nothing() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let random = rand::rng().random::<[u8; 32]>();
        Argon2::default().hash_password(&random).map(|hash| hash.to_string()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(password: &str) -> bool {
        let own = ["ginny.weasley@hogwarts.edu".to_owned(), "Ginevra Weasley".to_owned()];
        refuse_password_easily_guessed(password, own.to_vec()).is_ok()
    }

    #[test]
    fn should_refuse_what_everybody_tries_first() {
        for password in [
            "password",
            "password1",
            "12345678",
            "        ",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "ginny.weasley@hogwarts.edu",
            "Ginevra Weasley",
            "hogwarts1",
            "alohomora1",
        ] {
            assert!(!is_taken(password), "{password:?}");
        }
    }

    #[test]
    fn should_take_what_takes_long_to_guess() {
        for password in [
            "correct horse battery staple",
            "wolfsbane&moonlight",
            "h7Gk-29xQ",
            "\u{445}\u{43e}\u{440}\u{43e}\u{448}\u{438}\u{439} \u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}",
        ] {
            assert!(is_taken(password), "{password:?}");
        }
        assert!(is_taken(&"a long one of many different words ".repeat(5)));
    }

    #[test]
    fn should_take_one_password_for_one_however_its_letters_are_written() {
        assert_eq!(
            compose_letters_of_password("Zoe\u{308}"),
            compose_letters_of_password("Zo\u{eb}")
        );
    }
}
