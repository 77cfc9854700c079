//! What consoles are never shown: tokens, and what they are written in.

use serde_json::Value;

const REDACTED: &str = "[redacted]";
/// Names of fields and of parameters, in small letters.
const SECRETS: [&str; 7] =
    ["token", "accesstoken", "access_token", "refreshtoken", "password", "sessionid", "pid"];

pub(super) fn is_name_of_secret(name: &str) -> bool {
    SECRETS.contains(&name.to_ascii_lowercase().as_str())
}

/// The value with every secret in it replaced.
pub(super) fn redact_secrets_of_value(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let shown = if is_name_of_secret(&name) && !value.is_null() {
                    Value::from(REDACTED)
                } else {
                    redact_secrets_of_value(value)
                };
                (name, shown)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(redact_secrets_of_value).collect(),
        other => other,
    }
}

/// A query in its parts, as they are shown.
pub(super) fn redact_secrets_of_query(query: Option<&str>) -> serde_json::Map<String, Value> {
    owlpost_gateway::query::list_decoded_query_pairs(query)
        .map(|(name, value)| {
            let shown = if is_name_of_secret(&name) { REDACTED.to_owned() } else { value };
            (name, Value::from(shown))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn should_redact_secrets_at_any_depth() {
        let value = json!(["authenticate", { "token": "t", "a": [{ "Password": "p", "b": 1 }] }]);
        let shown = redact_secrets_of_value(value).to_string();
        assert!(!shown.contains("\"t\"") && !shown.contains("\"p\""), "{shown}");
        assert!(shown.contains("\"b\":1"));
    }

    #[test]
    fn should_redact_tokens_of_queries() {
        let shown = redact_secrets_of_query(Some("EIO=4&token=secret&Access_Token=s2"));
        assert_eq!(shown["EIO"], "4");
        assert_eq!(shown["token"], REDACTED);
        assert_eq!(shown["Access_Token"], REDACTED);
    }
}
