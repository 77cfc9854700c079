//! The reference page, from files in the binary, and the document it shows.

use std::sync::{Arc, LazyLock};

use axum::{
    Extension,
    extract::RawPathParams,
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use owlpost_domain::DomainError;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::{error::HttpError, paths::DOCS_PATH};

/// The page styles itself at run time; its scripts are files of ours.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

static PAGE: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    let config =
        Config::from("../api/openapi.json").try_it_out_enabled(true).persist_authorization(true);
    // Names sent to a validator on the internet otherwise.
    Arc::new(config.validator_url("none"))
});

/// The OpenAPI document as it is sent. The router keeps it for the handler.
#[derive(Debug, Clone)]
pub(crate) struct OpenApiJson(Bytes);

impl OpenApiJson {
    pub(crate) fn from_document(document: &OpenApi) -> Self {
        // An empty document would fail the tests that read it.
        Self(Bytes::from(document.to_json().unwrap_or_default()))
    }
}

/// This document
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "getOpenapiDocument", tag = "server",
    responses((status = 200, body = Object, description = "OpenAPI 3.1")))]
pub(crate) async fn show_openapi_document_json(
    Extension(document): Extension<OpenApiJson>,
) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], document.0)
}

/// The reference page
#[utoipa::path(get, path = "/docs", tag = "server", responses((status = 303, description = "To `/docs/`")))]
pub(crate) async fn redirect_to_reference_page() -> Redirect {
    Redirect::to(&format!("{DOCS_PATH}/"))
}

/// The reference page
#[utoipa::path(get, path = "/docs/", tag = "server",
    responses((status = 200, body = String, content_type = "text/html", description = "The page")))]
pub(crate) async fn show_start_of_reference() -> Result<Response, HttpError> {
    serve_file_of_page("index.html")
}

/// Scripts and styles of the reference page
#[utoipa::path(get, path = "/docs/{file}", tag = "server", params(("file" = String, Path, description = "File name")),
    responses((status = 200, description = "The file")))]
pub(crate) async fn show_file_of_reference(params: RawPathParams) -> Result<Response, HttpError> {
    let name = params.iter().map(|(_, name)| name).next().unwrap_or_default();
    serve_file_of_page(name)
}

fn serve_file_of_page(name: &str) -> Result<Response, HttpError> {
    let file = utoipa_swagger_ui::serve(name, PAGE.clone())
        .map_err(|error| DomainError::internal_error_from_cause(error.to_string()))?
        .ok_or(HttpError::RouteUnknown)?;
    let mut response = file.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(&file.content_type)
        .map_err(DomainError::internal_error_from_cause)?;
    headers.insert(header::CONTENT_TYPE, content_type);
    headers
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}
