//! The document at `/api/openapi.json`, which is made from the same table as the router.

use std::collections::HashSet;

use serde_json::Value;

/// Every route of the surface, sorted. Adding one here is a decision, not an accident.
const ROUTES: &[&str] = &[
    "delete /api/auth/sessions/{id}",
    "delete /api/incidents/{id}",
    "delete /api/incidents/{id}/comments/{commentId}",
    "delete /api/invitations/{id}",
    "delete /api/notifications/{id}",
    "delete /api/push/subscriptions/{id}",
    "delete /api/tokens/{id}",
    "delete /api/users/{id}",
    "delete /api/webhooks/{id}",
    "get /api/auth/me",
    "get /api/auth/sessions",
    "get /api/events",
    "get /api/incidents",
    "get /api/incidents/counts",
    "get /api/incidents/{id}",
    "get /api/incidents/{id}/at",
    "get /api/incidents/{id}/comments",
    "get /api/incidents/{id}/receipts",
    "get /api/incidents/{id}/timeline",
    "get /api/invitations",
    "get /api/meta",
    "get /api/notifications",
    "get /api/openapi.json",
    "get /api/outlets",
    "get /api/presence/incident/{id}",
    "get /api/presence/online",
    "get /api/push",
    "get /api/tokens",
    "get /api/users",
    "get /api/webhooks",
    "get /health",
    "get /health/ready",
    "get /metrics",
    "patch /api/incidents/{id}",
    "patch /api/notifications/read-all",
    "patch /api/notifications/{id}/read",
    "patch /api/users/{id}",
    "patch /api/webhooks/{id}",
    "post /api/auth/login",
    "post /api/auth/logout",
    "post /api/auth/password-reset",
    "post /api/auth/refresh",
    "post /api/auth/register",
    "post /api/hooks/alertmanager",
    "post /api/hooks/generic",
    "post /api/hooks/grafana",
    "post /api/hooks/pagerduty",
    "post /api/incidents",
    "post /api/incidents/{id}/acknowledge",
    "post /api/incidents/{id}/comments",
    "post /api/invitations",
    "post /api/push/subscriptions",
    "post /api/tokens",
    "post /api/users/{id}/password-reset",
    "post /api/webhooks",
    "post /api/webhooks/{id}/redeliver",
    "post /api/webhooks/{id}/secret",
    "put /api/auth/password",
    "put /api/incidents/{id}",
];

/// Routes below `/api` that need no token.
const OPEN_ROUTES: &[&str] = &[
    "get /api/meta",
    "get /api/openapi.json",
    "post /api/auth/login",
    "post /api/auth/logout",
    "post /api/auth/password-reset",
    "post /api/auth/refresh",
    "post /api/auth/register",
];

fn document() -> Value {
    serde_json::to_value(owlpost_http::build_openapi_document_of_routes()).expect("serialisable")
}

fn list_operations(document: &Value) -> Vec<(String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let mut operations: Vec<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods");
            methods
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        })
        .collect();
    operations.sort_by(|a, b| a.0.cmp(&b.0));
    operations
}

/// Each status with its description; empty where there is none.
fn describe_statuses_of_operation(document: &Value, operation: &Value) -> Vec<(String, String)> {
    let responses = operation["responses"].as_object().expect("responses");
    let described = responses.iter().map(|(status, response)| {
        let response = match response["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).expect("a known response"),
            None => response,
        };
        (status.clone(), response["description"].as_str().unwrap_or_default().to_owned())
    });
    described.collect()
}

fn collect_references(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(target) if name == "$ref" => drop(found.insert(target.clone())),
                    _ => collect_references(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[test]
fn should_hold_every_route_of_the_table_and_no_other() {
    let routes: Vec<_> = list_operations(&document()).into_iter().map(|(route, _)| route).collect();
    assert_eq!(routes, ROUTES);
}

#[test]
fn should_be_openapi_of_version_three_one() {
    let document = document();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

#[test]
fn should_resolve_every_reference() {
    let document = document();
    let mut references = HashSet::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference into the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn should_describe_each_operation_whole() {
    let mut ids = HashSet::new();
    for (route, operation) in list_operations(&document()) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id.to_owned()), "{id} twice");
        // It becomes the name of a function in generated clients.
        assert!(id.chars().all(|c| c.is_ascii_alphabetic()), "{route}: {id}");
        assert!(
            operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
            "{route}: no summary"
        );
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{route}: one tag");
        for name in route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().expect("parameters");
            let known =
                parameters.iter().any(|param| param["name"] == name && param["in"] == "path");
            assert!(known, "{route}: {name} is not described");
        }
        let statuses = describe_statuses_of_operation(&document(), &operation);
        for (status, description) in &statuses {
            assert!(!description.is_empty(), "{route}: {status} is not described");
        }
        assert!(statuses.iter().any(|(status, _)| status.starts_with('2')), "{route}: no success");
        let takes_something =
            ["parameters", "requestBody"].iter().any(|part| !operation[part].is_null());
        let refuses = statuses.iter().any(|(status, _)| status.starts_with('4'));
        assert!(refuses || !takes_something, "{route}: does not say how it refuses");
        if route.contains(" /api/") {
            assert!(operation["responses"]["default"].is_object(), "{route}: no error answer");
            let open = OPEN_ROUTES.contains(&&*route);
            let has_user = operation["security"].as_array().is_some_and(|list| !list.is_empty());
            assert_eq!(has_user, !open, "{route}");
        }
    }
}

#[test]
fn should_list_all_routes_in_one_file() {
    let sources = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("sources");
    for entry in sources.map(|entry| entry.expect("entry").path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&entry).expect("text");
        let lists = text.contains(".route(") || text.contains(".routes(");
        assert_eq!(lists, entry.ends_with("router.rs"), "{}", entry.display());
    }
}
