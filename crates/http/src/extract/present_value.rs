//! Fields of JSON bodies that must tell "absent" from `null`, and words that must be written as strings.
//!
//! `#[serde(default, deserialize_with = …)]` calls these only for fields that are there.

use std::str::FromStr;

use owlpost_domain::DomainError;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A field that is there: `null` is a value for an `Option` and an error for everything else.
pub(crate) fn read_present_field_value<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(from).map(Some)
}

/// A word of an enumeration, as a string and nothing else.
pub(crate) fn read_required_word_value<'de, T, D>(from: D) -> Result<T, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    parse_word_for_field::<T, D>(&String::deserialize(from)?)
}

/// As [`read_required_word_value`], for a field that is there.
pub(crate) fn read_present_word_value<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    read_required_word_value(from).map(Some)
}

/// As [`read_present_word_value`], with `null` for absent.
pub(crate) fn read_optional_word_value<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    let word = Option::<String>::deserialize(from)?;
    word.map(|word| parse_word_for_field::<T, D>(&word)).transpose()
}

/// Words of an enumeration, as strings and nothing else.
pub(crate) fn read_required_word_list<'de, T, D>(from: D) -> Result<Vec<T>, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    let words = Vec::<String>::deserialize(from)?;
    words.iter().map(|word| parse_word_for_field::<T, D>(word)).collect()
}

/// As [`read_required_word_list`], for a field that is there.
pub(crate) fn read_present_word_list<'de, T, D>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    read_required_word_list(from).map(Some)
}

fn parse_word_for_field<'de, T, D>(word: &str) -> Result<T, D::Error>
where
    T: FromStr<Err = DomainError>,
    D: Deserializer<'de>,
{
    word.parse().map_err(|error| match error {
        DomainError::Validation { message, .. } => D::Error::custom(message),
        other => D::Error::custom(other),
    })
}
