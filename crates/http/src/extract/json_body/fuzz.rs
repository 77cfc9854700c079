//! Any bytes as the body of any request, against a table of what each body may have.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Utc};
use owlpost_domain::DomainError;
use owlpost_fuzzing::FuzzTarget;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::*;
use crate::{
    acknowledge::Acknowledgement,
    auth::{Credentials, RefreshTokenBody, Registration},
    comments::NewComment,
    hooks::{batch::AlertBatch, generic::GenericAlert, pagerduty::PagerDutyEvent},
    incidents::{IncidentChange, IncidentReport, ResolutionNote},
    logins::PasswordChange,
    one_time_links::{InvitationBody, PasswordReset},
    tokens::NewToken,
    users::UserChange,
    web_push::NewSubscription,
    webhooks::{NewWebhook, Redelivery, WebhookChange},
};

/// What a field may be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Word(&'static [&'static str]),
    Id,
    Version,
    Switch,
    /// Words, in a list.
    Words(&'static [&'static str]),
    Time,
    /// Texts, in a list.
    TextList,
    /// Texts by name.
    Texts,
    Object(&'static [Field]),
    List(&'static [Field]),
    /// Whatever JSON there is.
    Any,
}

/// A field: its name, what it may be, and whether it must be there and may be null.
type Field = (&'static str, Kind, Presence);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Has to be there, and not null.
    Required,
    /// Null is as good as absent, or empties the field.
    Nullable,
    /// May be left out, but not null.
    NotNull,
}

use Presence::{NotNull, Nullable, Required};

const SEVERITIES: Kind = Kind::Word(&["MISCHIEF", "SERIOUS", "CRITICAL"]);
const STATUSES: Kind = Kind::Word(&["OPEN", "IN_PROGRESS", "RESOLVED"]);
const ROLES: Kind = Kind::Word(&["STUDENT", "PREFECT", "AUROR"]);

const SCOPES: Kind = Kind::Words(&["report", "read", "write", "events"]);
const ALERT_STATUSES: Kind = Kind::Word(&["firing", "resolved"]);

const NEW_TOKEN: &[Field] = &[
    ("name", Kind::Text, Required),
    ("scopes", SCOPES, Required),
    ("expiresInDays", Kind::Version, Nullable),
];
const BATCHED_ALERT: &[Field] = &[
    ("status", ALERT_STATUSES, Required),
    ("labels", Kind::Texts, Required),
    ("annotations", Kind::Texts, Nullable),
    ("startsAt", Kind::Time, Nullable),
    ("generatorURL", Kind::Text, Nullable),
    ("fingerprint", Kind::Text, Nullable),
];
const ALERT_BATCH: &[Field] = &[
    ("version", Kind::Text, Nullable),
    ("groupKey", Kind::Text, Required),
    ("status", ALERT_STATUSES, Required),
    ("alerts", Kind::List(BATCHED_ALERT), Required),
    ("commonLabels", Kind::Texts, Nullable),
    ("truncatedAlerts", Kind::Version, Nullable),
];
const GENERIC_ALERT: &[Field] = &[
    ("dedupKey", Kind::Text, Required),
    ("status", Kind::Word(&["firing", "acknowledged", "resolved"]), Nullable),
    ("title", Kind::Text, Nullable),
    ("description", Kind::Text, Nullable),
    ("severity", Kind::Text, Nullable),
    ("location", Kind::Text, Nullable),
    ("link", Kind::Text, Nullable),
    ("startsAt", Kind::Time, Nullable),
    ("labels", Kind::Texts, Nullable),
];
const PAGERDUTY_PAYLOAD: &[Field] = &[
    ("summary", Kind::Text, Required),
    ("source", Kind::Text, Required),
    ("severity", Kind::Text, Nullable),
    ("component", Kind::Text, Nullable),
    ("group", Kind::Text, Nullable),
    ("class", Kind::Text, Nullable),
    ("custom_details", Kind::Any, Nullable),
];
const PAGERDUTY_EVENT: &[Field] = &[
    ("routing_key", Kind::Text, Nullable),
    ("event_action", Kind::Word(&["trigger", "acknowledge", "resolve"]), Required),
    ("dedup_key", Kind::Text, Nullable),
    ("payload", Kind::Object(PAGERDUTY_PAYLOAD), Nullable),
    ("links", Kind::List(&[("href", Kind::Text, Required)]), Nullable),
    ("client_url", Kind::Text, Nullable),
];
const TEMPLATES: Kind = Kind::Word(&["generic", "slack", "mattermost", "teams"]);
const SEVERITY_LIST: Kind = Kind::Words(&["MISCHIEF", "SERIOUS", "CRITICAL"]);
const NEW_WEBHOOK: &[Field] = &[
    ("name", Kind::Text, Required),
    ("url", Kind::Text, Required),
    ("template", TEMPLATES, Nullable),
    ("events", Kind::TextList, NotNull),
    ("severities", SEVERITY_LIST, NotNull),
    ("enabled", Kind::Switch, NotNull),
];
const WEBHOOK_CHANGE: &[Field] = &[
    ("name", Kind::Text, NotNull),
    ("url", Kind::Text, NotNull),
    ("template", TEMPLATES, NotNull),
    ("events", Kind::TextList, NotNull),
    ("severities", SEVERITY_LIST, NotNull),
    ("enabled", Kind::Switch, NotNull),
];
const REDELIVERY: &[Field] = &[("from", Kind::Text, Required)];
const PUSH_KEYS: &[Field] = &[("p256dh", Kind::Text, Required), ("auth", Kind::Text, Required)];
const NEW_SUBSCRIPTION: &[Field] =
    &[("endpoint", Kind::Text, Required), ("keys", Kind::Object(PUSH_KEYS), Required)];
const REPORT: &[Field] = &[
    ("title", Kind::Text, Required),
    ("description", Kind::Text, Nullable),
    ("severity", SEVERITIES, Nullable),
    ("location", Kind::Text, Nullable),
    ("assigneeId", Kind::Id, Nullable),
];
const CHANGE: &[Field] = &[
    ("title", Kind::Text, NotNull),
    ("description", Kind::Text, Nullable),
    ("severity", SEVERITIES, NotNull),
    ("status", STATUSES, NotNull),
    ("location", Kind::Text, Nullable),
    ("assigneeId", Kind::Id, Nullable),
    ("resolution", Kind::Text, Nullable),
    ("version", Kind::Version, Nullable),
];
const RESOLUTION: &[Field] = &[("resolution", Kind::Text, Nullable)];
const ACKNOWLEDGEMENT: &[Field] = &[("version", Kind::Version, Nullable)];
const COMMENT: &[Field] = &[("content", Kind::Text, Required)];
const REGISTRATION: &[Field] = &[
    ("email", Kind::Text, Required),
    ("name", Kind::Text, Required),
    ("password", Kind::Text, Required),
    ("invitation", Kind::Text, Nullable),
];
const CREDENTIALS: &[Field] =
    &[("email", Kind::Text, Required), ("password", Kind::Text, Required)];
const REFRESH: &[Field] = &[("refreshToken", Kind::Text, Required)];
const USER: &[Field] = &[("role", ROLES, NotNull), ("active", Kind::Switch, NotNull)];
const PASSWORD: &[Field] =
    &[("currentPassword", Kind::Text, Required), ("newPassword", Kind::Text, Required)];
const RESET: &[Field] = &[("token", Kind::Text, Required), ("password", Kind::Text, Required)];
const INVITATION: &[Field] = &[("email", Kind::Text, Nullable), ("role", ROLES, Nullable)];

/// The object of a body, and the names in it that are there more than once.
struct Object {
    fields: Map<String, Value>,
    repeated: BTreeSet<String>,
}

impl<'de> serde::Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Object, A::Error> {
                let mut object = Object { fields: Map::new(), repeated: BTreeSet::new() };
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.fields.insert(name.clone(), value).is_some() {
                        object.repeated.insert(name);
                    }
                }
                Ok(object)
            }
        }
        from.deserialize_map(Visitor)
    }
}

fn is_value_of_kind(value: &Value, kind: Kind) -> bool {
    match kind {
        Kind::Text => value.is_string(),
        Kind::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Kind::Id => value.as_str().is_some_and(|id| Uuid::parse_str(id).is_ok()),
        Kind::Switch => value.is_boolean(),
        Kind::Version => value.as_i64().is_some_and(|version| i32::try_from(version).is_ok()),
        Kind::Words(words) => value.as_array().is_some_and(|list| {
            list.iter().all(|value| is_value_of_kind(value, Kind::Word(words)))
        }),
        Kind::Time => value.as_str().is_some_and(|text| {
            let time = text.parse::<DateTime<Utc>>();
            time.is_ok_and(|time| (1..=9999).contains(&time.year()))
        }),
        Kind::TextList => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
        Kind::Texts => value.as_object().is_some_and(|texts| texts.values().all(Value::is_string)),
        Kind::Object(fields) => value.as_object().is_some_and(|object| {
            let object = Object { fields: object.clone(), repeated: BTreeSet::new() };
            find_wrong_fields_of_object(&object, fields).is_empty()
        }),
        Kind::List(fields) => value.as_array().is_some_and(|list| {
            list.iter().all(|value| is_value_of_kind(value, Kind::Object(fields)))
        }),
        Kind::Any => true,
    }
}

/// The fields that are wrong.
fn find_wrong_fields_of_object(object: &Object, fields: &[Field]) -> BTreeSet<&'static str> {
    let wrong = fields.iter().filter(|(name, kind, presence)| {
        let fits = match object.fields.get(*name) {
            None => *presence != Required,
            Some(Value::Null) => *presence == Nullable,
            Some(value) => is_value_of_kind(value, *kind),
        };
        !fits || object.repeated.contains(*name)
    });
    wrong.map(|(name, ..)| *name).collect()
}

/// Whether it is JSON all the same, with a value that cannot be kept: fine in a field that nobody asks for.
fn is_only_of_values(error: &serde_json::Error) -> bool {
    let text = error.to_string();
    let kinds = ["recursion limit", "number out of range", "surrogate", "hex escape"];
    kinds.iter().any(|kind| text.contains(kind))
}

/// The field of the table in which a refusal is: what is missing in an object inside names only itself.
fn find_outer_field_of_path(path: &str, fields: &[Field]) -> String {
    let outer = path.split(['.', '[']).next().unwrap_or(path);
    let is_of_table = |name: &str| fields.iter().any(|(known, ..)| *known == name);
    let holder = fields.iter().find(|(_, kind, _)| match kind {
        Kind::Object(inner) | Kind::List(inner) => inner.iter().any(|(name, ..)| *name == outer),
        _ => false,
    });
    match holder {
        Some((name, ..)) if !is_of_table(outer) => (*name).to_owned(),
        _ => outer.to_owned(),
    }
}

fn check_body_by_table<T: DeserializeOwned>(body: &[u8], fields: &[Field]) {
    let parsed = parse_json_object_strictly::<T>(body).map(|_| ());
    let refused = parsed.err().map(|error| match error {
        HttpError::Domain(DomainError::Validation { field, message }) => {
            assert!(!message.is_empty() && message.len() < 1000, "{message}");
            field
        }
        other => panic!("no refusal of a field: {other}"),
    });
    // Of what is in a field, the field; of what is missing in it, that names itself.
    let refused = refused.map(|field| find_outer_field_of_path(&field, fields));
    let known = |field: &str| fields.iter().any(|(name, ..)| *name == field);
    if let Some(field) = &refused {
        assert!(field == "body" || known(field), "{field}");
    }
    let text = std::str::from_utf8(body).ok();
    let text = text.map(|text| text.strip_prefix('\u{feff}').unwrap_or(text));
    let oracle = text.map(serde_json::from_str::<Object>);
    match oracle {
        Some(Ok(object)) => {
            let wrong = find_wrong_fields_of_object(&object, fields);
            match refused.as_deref() {
                None => assert!(wrong.is_empty(), "accepted in spite of {wrong:?}"),
                Some(field) => assert!(wrong.contains(field), "{field}, and not {wrong:?}"),
            }
        }
        Some(Err(error)) if is_only_of_values(&error) => {}
        // A field may be found wrong before the end that is.
        Some(Err(_)) | None => assert!(refused.is_some(), "accepted, and no JSON object"),
    }
}

#[test]
fn should_accept_exactly_the_bodies_of_the_table_and_name_the_field_otherwise() {
    FuzzTarget::new("http-bodies").check_each_fuzzed_input(|body| {
        check_body_by_table::<IncidentReport>(body, REPORT);
        check_body_by_table::<IncidentChange>(body, CHANGE);
        check_body_by_table::<ResolutionNote>(body, RESOLUTION);
        check_body_by_table::<Acknowledgement>(body, ACKNOWLEDGEMENT);
        check_body_by_table::<NewComment>(body, COMMENT);
        check_body_by_table::<Registration>(body, REGISTRATION);
        check_body_by_table::<Credentials>(body, CREDENTIALS);
        check_body_by_table::<RefreshTokenBody>(body, REFRESH);
        check_body_by_table::<UserChange>(body, USER);
        check_body_by_table::<PasswordChange>(body, PASSWORD);
        check_body_by_table::<PasswordReset>(body, RESET);
        check_body_by_table::<InvitationBody>(body, INVITATION);
        check_body_by_table::<NewToken>(body, NEW_TOKEN);
        check_body_by_table::<AlertBatch>(body, ALERT_BATCH);
        check_body_by_table::<GenericAlert>(body, GENERIC_ALERT);
        check_body_by_table::<PagerDutyEvent>(body, PAGERDUTY_EVENT);
        check_body_by_table::<NewWebhook>(body, NEW_WEBHOOK);
        check_body_by_table::<WebhookChange>(body, WEBHOOK_CHANGE);
        check_body_by_table::<Redelivery>(body, REDELIVERY);
        check_body_by_table::<NewSubscription>(body, NEW_SUBSCRIPTION);
    });
}

/// The table above has the fields of the document, so that no body is left out of it.
#[test]
fn should_know_every_field_of_every_body() {
    let document = serde_json::to_value(crate::build_openapi_document_of_routes()).expect("JSON");
    let tables = BTreeMap::from([
        ("IncidentReport", REPORT),
        ("IncidentChange", CHANGE),
        ("ResolutionNote", RESOLUTION),
        ("Acknowledgement", ACKNOWLEDGEMENT),
        ("NewComment", COMMENT),
        ("Registration", REGISTRATION),
        ("Credentials", CREDENTIALS),
        ("RefreshTokenBody", REFRESH),
        ("UserChange", USER),
        ("PasswordChange", PASSWORD),
        ("PasswordReset", RESET),
        ("InvitationBody", INVITATION),
        ("NewToken", NEW_TOKEN),
        ("AlertBatch", ALERT_BATCH),
        ("GenericAlert", GENERIC_ALERT),
        ("PagerDutyEvent", PAGERDUTY_EVENT),
        ("NewWebhook", NEW_WEBHOOK),
        ("WebhookChange", WEBHOOK_CHANGE),
        ("Redelivery", REDELIVERY),
        ("NewSubscription", NEW_SUBSCRIPTION),
    ]);
    let mut bodies = BTreeSet::new();
    collect_names_of_bodies(&document["paths"], &mut bodies);
    assert_eq!(bodies, tables.keys().map(|name| (*name).to_owned()).collect());
    for (name, fields) in tables {
        let schema = &document["components"]["schemas"][name]["properties"];
        let known: BTreeSet<&str> =
            schema.as_object().expect(name).keys().map(String::as_str).collect();
        assert_eq!(known, fields.iter().map(|(field, ..)| *field).collect(), "{name}");
    }
}

/// What `requestBody`s refer to.
fn collect_names_of_bodies(value: &Value, names: &mut BTreeSet<String>) {
    let Value::Object(fields) = value else {
        for item in value.as_array().into_iter().flatten() {
            collect_names_of_bodies(item, names);
        }
        return;
    };
    for (key, field) in fields {
        if key == "requestBody" {
            let text = field.to_string();
            for part in text.split("#/components/schemas/").skip(1) {
                names.extend(part.split('"').next().map(str::to_owned));
            }
        } else {
            collect_names_of_bodies(field, names);
        }
    }
}
