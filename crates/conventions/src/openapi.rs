//! The REST surface as an OpenAPI document, the one a server serves at `/api/openapi.json`.

use owlpost_http::build_openapi_document_of_routes;

/// The document as indented JSON.
pub fn write_openapi_document_as_json() -> Result<String, serde_json::Error> {
    Ok(build_openapi_document_of_routes().to_pretty_json()? + "\n")
}
