//! What a client says in the query of its requests.

/// The first value of a query parameter, decoded.
pub(crate) fn find_query_value_by_name(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
