//! What the document says of every operation beside what stands in its `#[utoipa::path]`: its error answers, and
//! that what may be left out is left out, not `null`.

use axum::http::Method;
use owlpost_domain::Door;
use utoipa::openapi::{
    Content, ContentBuilder, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response,
    ResponseBuilder, Schema,
    path::{Operation, ParameterIn, PathItem},
    schema::{SchemaType, Type},
    security::SecurityRequirement,
};

use crate::token_doors::find_door_of_operation;

/// What API tokens are called in the document.
pub(crate) const API_TOKEN_SCHEME: &str = "apiToken";

/// An error answer that many operations share.
struct SharedError {
    /// Its name below `#/components/responses`.
    name: &'static str,
    status: &'static str,
    description: &'static str,
    /// A header it always has, and what that says.
    header: Option<(&'static str, Type, &'static str)>,
}

const INVALID: SharedError = SharedError {
    name: "ValidationError",
    status: "400",
    description: "`VALIDATION_ERROR`: `details.field` is not acceptable",
    header: None,
};
const UNAUTHENTICATED: SharedError = SharedError {
    name: "Unauthenticated",
    status: "401",
    description: "`UNAUTHENTICATED` or `TOKEN_EXPIRED`",
    header: Some(("WWW-Authenticate", Type::String, "A `Bearer` challenge")),
};
const FORBIDDEN: SharedError = SharedError {
    name: "Forbidden",
    status: "403",
    description: "`FORBIDDEN`: the API token lacks the scope, or this is not for API tokens",
    header: None,
};
const NOT_FOUND: SharedError = SharedError {
    name: "NotFound",
    status: "404",
    description: "`NOT_FOUND`: nothing has this id, or nothing the user may see",
    header: None,
};
const TOO_LARGE: SharedError = SharedError {
    name: "PayloadTooLarge",
    status: "413",
    description: "`PAYLOAD_TOO_LARGE`: the body is larger than the limit",
    header: None,
};
const ENCODED: SharedError = SharedError {
    name: "UnsupportedMediaType",
    status: "415",
    description: "`VALIDATION_ERROR`: the body is compressed",
    header: None,
};
const RATE_LIMITED: SharedError = SharedError {
    name: "RateLimited",
    status: "429",
    description: "`RATE_LIMITED`: wait as `Retry-After` says",
    header: Some(("Retry-After", Type::Integer, "Seconds to wait")),
};
const UNAVAILABLE: SharedError = SharedError {
    name: "Unavailable",
    status: "503",
    description: "`UNAVAILABLE`: try again as `Retry-After` says",
    header: Some(("Retry-After", Type::Integer, "Seconds to wait")),
};
const ANY_OTHER: SharedError = SharedError {
    name: "Error",
    status: "default",
    description: "Any other error, such as `INTERNAL`; every code is in ERROR_CODES.md",
    header: None,
};

/// The error answers that operations refer to, by name.
pub(crate) fn describe_shared_error_answers() -> Vec<(String, RefOr<Response>)> {
    [
        INVALID,
        UNAUTHENTICATED,
        FORBIDDEN,
        NOT_FOUND,
        TOO_LARGE,
        ENCODED,
        RATE_LIMITED,
        UNAVAILABLE,
        ANY_OTHER,
    ]
    .into_iter()
    .map(|error| {
        let mut response = ResponseBuilder::new()
            .description(error.description)
            .content("application/json", build_content_of_error());
        if let Some((name, kind, description)) = error.header {
            response = response.header(name, build_header_with_description(kind, description));
        }
        (error.name.to_owned(), response.build().into())
    })
    .collect()
}

/// Completes the operations of one path.
pub(crate) fn complete_operations_of_path(path: &str, item: &mut PathItem) {
    // One handler with two methods has one id, and ids must be unique.
    if let (Some(put), Some(_)) = (&mut item.put, &item.patch) {
        put.operation_id = put.operation_id.as_ref().map(|id| format!("{id}ByPut"));
    }
    let operations = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ];
    for (method, operation) in operations {
        let Some(operation) = operation else { continue };
        // Said outright: no security at all would mean that nobody has thought of it.
        operation.security.get_or_insert_default();
        say_what_token_must_open(operation, find_door_of_operation(&method, path));
        leave_null_out_of_request(operation);
        if path.starts_with("/api/") {
            give_body_to_named_errors(operation);
            add_shared_errors_to_operation(operation);
        }
    }
}

/// Whoever may come with a login may come with a token of the right scope, where there is one.
fn say_what_token_must_open(operation: &mut Operation, door: Door) {
    let Some(security) = operation.security.as_mut().filter(|security| !security.is_empty()) else {
        return;
    };
    let text = match door {
        Door::OfScope(scope) => {
            security.push(SecurityRequirement::new(API_TOKEN_SCHEME, [scope.as_str()]));
            format!("API tokens need the scope `{}`.", scope.as_str())
        }
        Door::OfPeople => "Not for API tokens.".to_owned(),
    };
    let before = operation.description.take().filter(|text| !text.is_empty());
    operation.description =
        Some(before.map_or_else(|| text.clone(), |before| format!("{before}\n\n{text}")));
}

/// An `Option` of Rust is published as "may be `null`", but a parameter or body that is not given is just not there.
fn leave_null_out_of_request(operation: &mut Operation) {
    let parameters = operation.parameters.iter_mut().flatten();
    let parameters = parameters.filter_map(borrow_value_unless_reference);
    let body = operation.request_body.as_mut().and_then(borrow_value_unless_reference);
    let contents = body.into_iter().flat_map(|body| body.content.values_mut());
    let contents = contents.filter_map(borrow_value_unless_reference);
    let schemas = parameters
        .filter_map(|parameter| parameter.schema.as_mut())
        .chain(contents.filter_map(|content| content.schema.as_mut()));
    schemas.for_each(leave_null_out_of_schema);
}

const fn borrow_value_unless_reference<T>(value: &mut RefOr<T>) -> Option<&mut T> {
    match value {
        RefOr::T(value) => Some(value),
        RefOr::Ref(_) => None,
    }
}

fn leave_null_out_of_schema(schema: &mut RefOr<Schema>) {
    let is_null = |schema: &RefOr<Schema>| matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == Type::Null.into());
    match schema {
        RefOr::T(Schema::Object(object)) => {
            if let SchemaType::Array(types) = &object.schema_type
                && let [kind, Type::Null] | [Type::Null, kind] = &types[..]
            {
                object.schema_type = kind.clone().into();
            }
        }
        RefOr::T(Schema::OneOf(one_of)) => {
            one_of.items.retain(|item| !is_null(item));
            if let [only] = &one_of.items[..] {
                *schema = only.clone();
            }
        }
        RefOr::T(_) | RefOr::Ref(_) => {}
    }
}

/// Handlers name the errors that are theirs by status and description; the body is always the same.
fn give_body_to_named_errors(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let body = build_content_of_error().into();
            response.content.insert("application/json".to_owned(), body);
        }
    }
}

fn add_shared_errors_to_operation(operation: &mut Operation) {
    let has_body = operation.request_body.is_some();
    let has_user = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let has_id = parameters.iter().any(|parameter| {
        matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path)
    });
    let shared = [
        (has_body || !parameters.is_empty(), INVALID),
        (has_user, UNAUTHENTICATED),
        (has_user, FORBIDDEN),
        (has_id, NOT_FOUND),
        (has_body, TOO_LARGE),
        (has_body, ENCODED),
        (has_body || has_user, RATE_LIMITED),
        (has_body || has_user, UNAVAILABLE),
        (true, ANY_OTHER),
    ];
    for (_, error) in shared.into_iter().filter(|(possible, _)| *possible) {
        let answers = &mut operation.responses.responses;
        answers
            .entry(error.status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(error.name)));
    }
}

fn build_content_of_error() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build()
}

fn build_header_with_description(kind: Type, description: &str) -> Header {
    let schema = ObjectBuilder::new().schema_type(kind);
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
}
