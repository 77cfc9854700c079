//! Every answer a test gets is one that the document at `/api/openapi.json` lists for that operation.

use std::sync::LazyLock;

use serde_json::Value;

use super::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::to_value(owlpost_http::build_openapi_document_of_routes()).unwrap()
});

/// Fails unless the status is documented, with this content type or with no body at all. `default` stands for faults
/// of a server, and for a body where none is described: what else a client does wrong has an answer of its own.
pub fn expect_answer_documented(method: &str, path: &str, answer: &Answer) {
    let Some(operation) = find_operation_by_path(&method.to_lowercase(), path) else { return };
    let status = answer.status.to_string();
    let unforeseen =
        answer.status >= 500 || answer.status == 413 && operation["requestBody"].is_null();
    let responses = &operation["responses"];
    let response =
        responses.get(&status).or_else(|| responses.get("default").filter(|_| unforeseen));
    let Some(response) = response else {
        panic!("{method} {path} is not documented to answer {status}: {}", answer.text);
    };
    let response = match response["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(&reference[1..]).expect("a known response"),
        None => response,
    };
    let content_type = answer.header("content-type").split(';').next().unwrap_or_default();
    match response["content"].as_object() {
        Some(content) => assert!(
            content.contains_key(content_type),
            "{method} {path} is not documented to answer {status} with {content_type}"
        ),
        None => assert_eq!(
            answer.text, "",
            "{method} {path} is documented to answer {status} with no body"
        ),
    }
    for name in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
        assert!(answer.headers.contains_key(name), "{method} {path} {status} has no {name}");
    }
}

/// None for what the document does not hold: pages, unknown addresses, methods an address does not answer.
fn find_operation_by_path(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    let given: Vec<&str> = path.split('/').collect();
    let templates = paths.iter().filter(|(template, _)| {
        let known: Vec<&str> = template.split('/').collect();
        let alike = |(known, given): (&&str, &&str)| {
            known == given || known.starts_with('{') && !given.is_empty()
        };
        known.len() == given.len() && known.iter().zip(&given).all(alike)
    });
    // As the router does: what is written out comes before what has a parameter.
    templates.min_by_key(|(template, _)| template.matches('{').count())?.1.get(method)
}
