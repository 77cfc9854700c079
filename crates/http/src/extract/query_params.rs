//! Query parameters, read one by one so that each refusal names the parameter.

use std::str::FromStr;

use axum::{extract::FromRequestParts, http::request::Parts};
use owlpost_domain::DomainError;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::error::HttpError;

/// The decoded query of a request. Parameters nobody reads are ignored, empty ones count as absent.
#[derive(Debug, Default)]
pub(crate) struct QueryParams(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        Self::from_query(parts.uri.query().unwrap_or_default())
    }
}

impl QueryParams {
    /// Decodes `name=value&…`.
    pub(crate) fn from_query(query: &str) -> Result<Self, HttpError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode_part_of_query(name).ok_or_else(|| {
                HttpError::refuse_field_with_message("query", "must be UTF-8 without NUL")
            })?;
            let value = decode_part_of_query(value).ok_or_else(|| {
                let field = if name.is_empty() { "query" } else { &*name };
                HttpError::refuse_field_with_message(field, "must be UTF-8 without NUL")
            })?;
            Ok((name, value))
        });
        pairs.collect::<Result<_, _>>().map(Self)
    }

    /// A parameter that may be given once.
    pub(crate) fn read_text_of_param(&self, name: &str) -> Result<Option<&str>, HttpError> {
        let mut values = self.find_values_of_name(name);
        let first = values.next();
        match values.next() {
            Some(_) => Err(HttpError::refuse_field_with_message(name, "must be given once")),
            None => Ok(first),
        }
    }

    /// A number of decimal digits.
    pub(crate) fn read_number_of_param<T: FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<T>, HttpError> {
        let Some(text) = self.read_text_of_param(name)? else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| digits);
        number.map(Some).ok_or_else(|| {
            HttpError::refuse_field_with_message(name, "must be a number in its range")
        })
    }

    /// A UUID.
    pub(crate) fn read_id_of_param(&self, name: &str) -> Result<Option<Uuid>, HttpError> {
        let text = self.read_text_of_param(name)?;
        text.map(Uuid::parse_str)
            .transpose()
            .map_err(|_| HttpError::refuse_field_with_message(name, "must be a UUID"))
    }

    /// `true` or `false`.
    pub(crate) fn read_flag_of_param(&self, name: &str) -> Result<Option<bool>, HttpError> {
        match self.read_text_of_param(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(HttpError::refuse_field_with_message(name, "must be true or false")),
        }
    }

    /// Words of a list: the parameter repeated, or separated by commas, or both.
    pub(crate) fn read_words_of_param(&self, name: &str) -> Vec<&str> {
        self.find_values_of_name(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect()
    }

    /// As [`Self::read_words_of_param`], each parsed as what the domain knows.
    pub(crate) fn read_list_of_param<T: FromStr<Err = DomainError>>(
        &self,
        name: &str,
    ) -> Result<Vec<T>, HttpError> {
        let words = self.read_words_of_param(name);
        words.into_iter().map(|word| parse_word_of_param(name, word)).collect()
    }

    /// One word that the domain knows.
    pub(crate) fn read_word_of_param<T: FromStr<Err = DomainError>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, HttpError> {
        self.read_text_of_param(name)?.map(|word| parse_word_of_param(name, word)).transpose()
    }

    fn find_values_of_name<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q str> {
        let given = self.0.iter().filter(move |(key, value)| key == name && !value.is_empty());
        given.map(|(_, value)| value.as_str())
    }
}

fn parse_word_of_param<T: FromStr<Err = DomainError>>(
    name: &str,
    word: &str,
) -> Result<T, HttpError> {
    word.parse().map_err(|error| match error {
        DomainError::Validation { message, .. } => {
            HttpError::refuse_field_with_message(name, message)
        }
        other => other.into(),
    })
}

fn decode_part_of_query(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use owlpost_domain::Status;

    use super::*;

    fn query(text: &str) -> QueryParams {
        QueryParams::from_query(text).expect("query")
    }

    #[test]
    fn should_read_lists_repeated_or_with_commas() {
        let statuses = query("status=OPEN,RESOLVED&status=IN_PROGRESS&x")
            .read_list_of_param::<Status>("status");
        assert_eq!(statuses.expect("list"), [Status::Open, Status::Resolved, Status::InProgress]);
        assert!(query("status=open").read_list_of_param::<Status>("status").is_err());
    }

    #[test]
    fn should_decode_spaces_and_percents() {
        assert_eq!(query("q=a+b%20c%2B").read_text_of_param("q").expect("text"), Some("a b c+"));
        assert_eq!(query("q=&q").read_text_of_param("q").expect("text"), None);
    }

    #[test]
    fn should_name_the_query_where_there_is_no_name() {
        let error = QueryParams::from_query("=%FF").expect_err("refused");
        assert_eq!(error.to_string(), "query: must be UTF-8 without NUL");
    }

    #[test]
    fn should_refuse_what_is_no_text_or_no_number() {
        assert!(QueryParams::from_query("q=%FF").is_err());
        assert!(QueryParams::from_query("q=%00").is_err());
        assert!(query("q=1&q=2").read_text_of_param("q").is_err());
        for text in ["-1", "+1", "1.0", "x", "99999999999", "0x1"] {
            assert!(
                query(&format!("limit={}", text.replace('+', "%2B")))
                    .read_number_of_param::<u32>("limit")
                    .is_err()
            );
        }
    }
}
