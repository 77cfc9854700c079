//! The limits of every text people send, checked before the database is asked anything.

#[cfg(test)]
mod fuzz;

use crate::{DomainError, Result};

/// A text that must have something in it; returned trimmed.
pub fn require_text_within_limit(field: &str, text: &str, max_chars: usize) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DomainError::invalid_field_value(field, "must not be empty"));
    }
    refuse_unstorable_or_long_text(field, text, max_chars)?;
    Ok(text.to_owned())
}

/// A text that may be absent; blank counts as absent.
pub fn accept_optional_text_within(
    field: &str,
    text: Option<&str>,
    max_chars: usize,
) -> Result<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    refuse_unstorable_or_long_text(field, text, max_chars)?;
    Ok(Some(text.to_owned()))
}

/// An address of the shape `local@domain`, in lower case; its local part becomes the handle.
pub fn require_email_with_handle(email: &str) -> Result<String> {
    // Only ASCII: in Unicode, the Kelvin sign in lower case is a k, and another address than was written.
    let email = require_text_within_limit("email", email, 254)?.to_ascii_lowercase();
    let wrong = || DomainError::invalid_field_value("email", "must look like name@example.org");
    let (local, domain) = email.split_once('@').ok_or_else(wrong)?;
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "._-+'".contains(c))
        && !local.starts_with('.')
        && !local.ends_with('.');
    let domain_fits = !domain.is_empty()
        && domain.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c))
        && domain.split('.').all(|label| !label.is_empty());
    if local_fits && domain_fits { Ok(email) } else { Err(wrong()) }
}

/// Postgres stores no NUL in text, and nobody means one.
pub fn refuse_unstorable_or_long_text(field: &str, text: &str, max_chars: usize) -> Result<()> {
    if text.contains('\0') {
        return Err(DomainError::invalid_field_value(field, "must not contain NUL"));
    }
    // Bytes first: counting the characters of a megabyte is work for nothing.
    if text.len() > max_chars * 4 || text.chars().count() > max_chars {
        return Err(DomainError::invalid_field_value(
            field,
            format!("must have at most {max_chars} characters"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::require_email_with_handle;

    #[test]
    fn should_take_letters_of_other_alphabets_for_no_address() {
        assert_eq!(
            require_email_with_handle(" Ron@HOGWARTS.edu").ok().as_deref(),
            Some("ron@hogwarts.edu")
        );
        // The Kelvin sign, whose lower case is k.
        assert!(require_email_with_handle("\u{212a}ingsley@hogwarts.edu").is_err());
        assert!(require_email_with_handle("r\u{43e}n@hogwarts.edu").is_err());
    }
}
