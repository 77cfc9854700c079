//! Whatever people send as text: what is accepted is within the limits, and every refusal names its field.

use owlpost_fuzzing::{Choices, FuzzTarget};

use super::*;
use crate::{idempotency::IdempotencyKey, people::password::check_password_length_bounds};

/// Small, so that inputs get past it, and of an odd number.
const MOST_CHARS: usize = 23;

fn check_refusal_names_field(error: &DomainError, field: &str) {
    match error {
        DomainError::Validation { field: named, message } => {
            assert_eq!(named, field);
            assert!(!message.is_empty() && message.len() < 100, "{message}");
        }
        other => panic!("no refusal of {field}: {other}"),
    }
}

fn check_accepted_text_by_limits(accepted: &str, text: &str) {
    assert!(text.contains(accepted) && accepted == accepted.trim() && !accepted.is_empty());
    assert!(!accepted.contains('\0') && accepted.chars().count() <= MOST_CHARS);
    // What is kept is accepted as it is.
    assert_eq!(
        require_text_within_limit("x", accepted, MOST_CHARS).ok().as_deref(),
        Some(accepted)
    );
}

fn check_text_of_person(text: &str) {
    let storable = !text.contains('\0') && text.trim().chars().count() <= MOST_CHARS;
    let blank = text.trim().is_empty();
    match require_text_within_limit("title", text, MOST_CHARS) {
        Ok(accepted) => check_accepted_text_by_limits(&accepted, text),
        Err(error) => {
            check_refusal_names_field(&error, "title");
            assert!(blank || !storable);
        }
    }
    match accept_optional_text_within("location", Some(text), MOST_CHARS) {
        Ok(Some(accepted)) => check_accepted_text_by_limits(&accepted, text),
        Ok(None) => assert!(blank),
        Err(error) => {
            check_refusal_names_field(&error, "location");
            assert!(!blank && !storable);
        }
    }
}

fn check_password_of_person(text: &str) {
    let fits = (8..=MOST_CHARS).contains(&text.chars().count()) && !text.contains('\0');
    match check_password_length_bounds(text, 8, MOST_CHARS) {
        Ok(()) => assert!(fits),
        Err(error) => {
            check_refusal_names_field(&error, "password");
            assert!(!fits);
        }
    }
}

fn check_address_of_person(text: &str) {
    match require_email_with_handle(text) {
        Ok(email) => {
            assert!(email.is_ascii() && email.len() <= 254 && email == email.to_lowercase());
            assert!(text.trim().eq_ignore_ascii_case(&email));
            let (handle, host) = email.split_once('@').expect("an address");
            assert!((1..=64).contains(&handle.len()) && !host.contains('@') && !host.is_empty());
            let allowed = |c: char| c.is_ascii_alphanumeric() || "._-+'@".contains(c);
            assert!(email.chars().all(allowed));
            assert_eq!(require_email_with_handle(&email).ok(), Some(email));
        }
        Err(error) => check_refusal_names_field(&error, "email"),
    }
}

fn check_key_of_request(text: &str) {
    let fits = (1..=MOST_CHARS).contains(&text.chars().count());
    match IdempotencyKey::new(text, &[b"/path", b"{}"], MOST_CHARS) {
        Ok(_) => assert!(fits && !text.contains(['\0', '\n', '\x7f'])),
        Err(error) => {
            check_refusal_names_field(&error, "Idempotency-Key");
            assert!(!fits || text.chars().any(char::is_control));
        }
    }
}

#[test]
fn should_accept_only_texts_within_the_limits_and_name_the_field_otherwise() {
    FuzzTarget::new("domain-texts").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let kind = choices.take_byte_or_zero();
        let Ok(text) = std::str::from_utf8(choices.take_rest_of_input()) else { return };
        match kind {
            b'p' => check_password_of_person(text),
            b'@' => check_address_of_person(text),
            b'k' => check_key_of_request(text),
            _ => check_text_of_person(text),
        }
    });
}
