//! Both published documents say of values and fields what the code reads and writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    fs,
    path::Path,
};

use owlpost_conventions::{
    openapi::write_openapi_document_as_json, protocol::write_protocol_document_as_yaml,
};
use owlpost_domain::{
    ErrorCode, EventName, IncidentSort, Role, Scope, Severity, Status,
    alert::{AlertStatus, GenericStatus, HookOutcome, PagerDutyAction},
    event::EventKind,
    model::{EscalationReason, NotificationType, TimelineKind},
    webhooks::WebhookTemplate,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What may be both absent and `null`: absent says unchanged, `null` says empty now.
const ABSENT_OR_NULL: [&str; 8] = [
    "IncidentChanges.acknowledgedAt",
    "IncidentChanges.acknowledgedBy",
    "IncidentChanges.assignee",
    "IncidentChanges.description",
    "IncidentChanges.location",
    "IncidentChanges.resolution",
    "IncidentChanges.resolvedAt",
    "IncidentChanges.resolvedBy",
];

/// Enumerations that no event has.
const OF_REST_ALONE: [&str; 8] = [
    "AlertStatus",
    "GenericStatus",
    "HookOutcome",
    "IncidentSort",
    "PagerDutyAction",
    "Scope",
    "TimelineKind",
    "WebhookTemplate",
];

fn read_openapi_document() -> Value {
    let text = write_openapi_document_as_json().expect("a document");
    serde_json::from_str(&text).expect("JSON")
}

fn read_protocol_document() -> Value {
    let text = write_protocol_document_as_yaml().expect("a document");
    serde_yaml_ng::from_str(&text).expect("YAML")
}

/// Every enumeration of words there is, by the name of its schema.
fn list_words_of_enumerations() -> BTreeMap<&'static str, Vec<&'static str>> {
    fn list<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|value| word(*value)).collect()
    }
    BTreeMap::from([
        ("ErrorCode", list(&ErrorCode::ALL, ErrorCode::as_str)),
        ("EscalationReason", list(EscalationReason::ALL, EscalationReason::as_str)),
        ("NotificationType", list(NotificationType::ALL, NotificationType::as_str)),
        ("Role", list(Role::ALL, Role::as_str)),
        ("Severity", list(Severity::ALL, Severity::as_str)),
        ("Status", list(Status::ALL, Status::as_str)),
        ("AlertStatus", list(AlertStatus::ALL, AlertStatus::as_str)),
        ("GenericStatus", list(GenericStatus::ALL, GenericStatus::as_str)),
        ("HookOutcome", list(HookOutcome::ALL, HookOutcome::as_str)),
        ("IncidentSort", list(IncidentSort::ALL, IncidentSort::as_str)),
        ("PagerDutyAction", list(PagerDutyAction::ALL, PagerDutyAction::as_str)),
        ("Scope", list(Scope::ALL, Scope::as_str)),
        ("TimelineKind", list(TimelineKind::ALL, TimelineKind::as_str)),
        ("WebhookTemplate", list(WebhookTemplate::ALL, WebhookTemplate::as_str)),
    ])
}

/// Every object of a document, with the path to it.
fn visit_each_object<'d>(value: &'d Value, path: &str, visit: &mut impl FnMut(&str, &'d Value)) {
    match value {
        Value::Object(fields) => {
            visit(path, value);
            for (name, field) in fields {
                visit_each_object(field, &format!("{path}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit_each_object(item, &format!("{path}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Every `enum` of a document, with the path to it.
fn find_enumerations(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    visit_each_object(document, "", &mut |path, object| {
        if let Some(words) = object.get("enum") {
            found.insert(path.to_owned(), words.clone());
        }
    });
    found
}

/// Names of the component schemas that `value` refers to, however deep.
fn collect_schemas_referred_from(document: &Value, value: &Value, found: &mut BTreeSet<String>) {
    let mut references = Vec::new();
    visit_each_object(value, "", &mut |_, object| {
        references.extend(object.get("$ref").and_then(Value::as_str));
    });
    for reference in references {
        let target = document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference}"));
        let name = reference.strip_prefix("#/components/schemas/");
        if name.is_none_or(|name| found.insert(name.to_owned())) {
            collect_schemas_referred_from(document, target, found);
        }
    }
}

/// Clients that recover take a string at the end of an event for its position.
#[test]
fn should_end_no_event_in_a_string_but_with_a_position() {
    let document = read_protocol_document();
    for event in EventName::ALL.iter().filter(|name| name.kind() != EventKind::Internal) {
        let key = event.as_str().replace(':', "_");
        let payload = &document["components"]["messages"][&key]["payload"];
        assert!(is_object_schema(&document, payload), "{event}: {payload}");
        let mut named = BTreeSet::new();
        collect_schemas_referred_from(&document, payload, &mut named);
        assert_eq!(named.contains("Durable"), event.kind() == EventKind::Durable, "{event}");
    }
}

/// Whether a value of the schema can only be an object.
fn is_object_schema(document: &Value, schema: &Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return is_object_schema(document, document.pointer(&reference[1..]).expect("a schema"));
    }
    let parts = schema["allOf"].as_array();
    schema["type"] == "object"
        || parts.is_some_and(|parts| parts.iter().all(|part| is_object_schema(document, part)))
}

fn may_be_null(schema: &Value) -> bool {
    let lists_null = |types: &Value| {
        types == "null" || types.as_array().is_some_and(|t| t.contains(&json!("null")))
    };
    lists_null(&schema["type"])
        || schema["oneOf"].as_array().is_some_and(|one_of| one_of.iter().any(may_be_null))
}

#[test]
fn should_publish_every_enumeration_with_the_words_of_the_wire() {
    let expected = list_words_of_enumerations();
    for (title, document) in
        [("OpenAPI", read_openapi_document()), ("AsyncAPI", read_protocol_document())]
    {
        let mut found = find_enumerations(&document);
        let of_document =
            expected.iter().filter(|(name, _)| title == "OpenAPI" || !OF_REST_ALONE.contains(name));
        for (name, words) in of_document {
            let published = found.remove(&format!("/components/schemas/{name}"));
            assert_eq!(published, Some(json!(words)), "{title}: {name}");
        }
        // What is left are the names of events in a page, each the only one of its alternative.
        let events: BTreeSet<_> = found
            .into_iter()
            .map(|(path, words)| {
                assert!(path.ends_with("Entry/properties/event"), "{title}: who checks {path}?");
                words.as_array().filter(|words| words.len() == 1).expect("one word")[0].to_string()
            })
            .collect();
        let durable = EventName::ALL.iter().filter(|event| event.kind() == EventKind::Durable);
        let durable: BTreeSet<_> = durable.map(|event| format!("{:?}", event.as_str())).collect();
        assert_eq!(events, if title == "OpenAPI" { durable } else { BTreeSet::new() }, "{title}");
    }
}

#[test]
fn should_read_and_write_the_words_it_publishes() {
    fn check<T: Copy + Debug + PartialEq + Serialize + DeserializeOwned>(
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) {
        for value in all {
            let written = json!(word(*value));
            assert_eq!(serde_json::to_value(value).expect("JSON"), written);
            assert_eq!(serde_json::from_value::<T>(written).expect("a value"), *value);
        }
    }
    check(&ErrorCode::ALL, ErrorCode::as_str);
    check(EscalationReason::ALL, EscalationReason::as_str);
    check(NotificationType::ALL, NotificationType::as_str);
    check(Role::ALL, Role::as_str);
    check(Severity::ALL, Severity::as_str);
    check(Status::ALL, Status::as_str);
    check(AlertStatus::ALL, AlertStatus::as_str);
    check(GenericStatus::ALL, GenericStatus::as_str);
    check(HookOutcome::ALL, HookOutcome::as_str);
    check(PagerDutyAction::ALL, PagerDutyAction::as_str);
    check(Scope::ALL, Scope::as_str);
    check(TimelineKind::ALL, TimelineKind::as_str);
    let types = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packages/client/src/generated");
    for (name, words) in
        list_words_of_enumerations().into_iter().filter(|(name, _)| !OF_REST_ALONE.contains(name))
    {
        let text = fs::read_to_string(types.join(format!("{name}.ts"))).expect("a generated type");
        let union = words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" | ");
        assert!(text.contains(&format!("export type {name} = {union};")), "{text}");
    }
}

/// What the server sends it writes with serde: an `Option` is there as `null`, or left out when it is none.
#[test]
fn should_say_of_each_field_sent_whether_it_is_null_or_absent() {
    let (openapi, protocol) = (read_openapi_document(), read_protocol_document());
    let mut sent: Vec<&Value> = Vec::new();
    visit_each_object(&openapi["paths"], "", &mut |_, object| sent.extend(object.get("responses")));
    let operations = protocol["operations"].as_object().expect("operations");
    let events: Vec<_> =
        operations.values().filter(|operation| operation["action"] == "send").collect();
    let mut exempt = BTreeSet::new();
    for (document, roots) in [(&openapi, sent), (&protocol, events)] {
        let mut names = BTreeSet::new();
        roots.iter().for_each(|root| collect_schemas_referred_from(document, root, &mut names));
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            let schema = &document["components"]["schemas"][&name];
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
                if may_be_null(schema) && !required.contains(&json!(field)) {
                    exempt.insert(format!("{name}.{field}"));
                }
            }
        }
    }
    assert_eq!(exempt.iter().collect::<Vec<_>>(), ABSENT_OR_NULL.iter().collect::<Vec<_>>());
}

#[test]
fn should_describe_things_to_people_who_know_no_rust() {
    for document in [read_openapi_document(), read_protocol_document()] {
        visit_each_object(&document, "", &mut |path, object| {
            let Some(text) = object.get("description").and_then(Value::as_str) else { return };
            for mark in ["crate::", "super::", "Self::", "Option", "Vec<", "[`"] {
                assert!(!text.contains(mark), "{path} speaks of {mark}: {text}");
            }
        });
    }
}
