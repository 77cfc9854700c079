//! What a client says in the query of its requests.

/// The first value of a query parameter, decoded.
pub fn find_query_value_by_name(query: Option<&str>, name: &str) -> Option<String> {
    list_query_values_by_name(query, name).next()
}

/// Every value of a query parameter, decoded, in their order.
pub fn list_query_values_by_name(query: Option<&str>, name: &str) -> impl Iterator<Item = String> {
    list_decoded_query_pairs(query).filter(move |(key, _)| key == name).map(|(_, value)| value)
}

/// Every parameter and its value, decoded, in their order.
pub fn list_decoded_query_pairs(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned()
}
