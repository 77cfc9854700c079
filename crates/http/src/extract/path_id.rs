//! Ids in paths.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use uuid::Uuid;

use crate::error::HttpError;

/// Characters of a UUID as we write it. Other spellings of the same id would be other paths.
const UUID_CHARS: usize = 36;

/// The `{id}` of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathId(pub(crate) Uuid);

/// The `{id}` of an incident and the `{commentId}` of one of its comments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathIdOfComment {
    pub(crate) incident_id: Uuid,
    pub(crate) comment_id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        Ok(Self(read_path_segment_as_id(parts, state, "id").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathIdOfComment {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        Ok(Self {
            incident_id: read_path_segment_as_id(parts, state, "id").await?,
            comment_id: read_path_segment_as_id(parts, state, "commentId").await?,
        })
    }
}

async fn read_path_segment_as_id<S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
    name: &'static str,
) -> Result<Uuid, HttpError> {
    let no_uuid = || HttpError::refuse_field_with_message(name, "must be a UUID");
    // Fails when a segment is not UTF-8.
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| no_uuid())?;
    let text =
        params.iter().find(|(key, _)| *key == name).map(|(_, text)| text).ok_or_else(no_uuid)?;
    if text.len() != UUID_CHARS {
        return Err(no_uuid());
    }
    Uuid::parse_str(text).map_err(|_| no_uuid())
}
