//! A row of another server, as JSON: what we look for goes by several names, in several types.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::{DomainError, Result};

pub(super) struct ForeignRow {
    /// By the name of the column in small letters without `_`: `created_at` and `createdAt` are the same.
    columns: Map<String, Value>,
}

impl ForeignRow {
    pub(super) fn from_json_text(text: &str) -> Result<Self> {
        let columns: Map<String, Value> =
            serde_json::from_str(text).map_err(DomainError::internal_error_from_cause)?;
        let plain = |name: String| name.replace('_', "").to_ascii_lowercase();
        Ok(Self {
            columns: columns.into_iter().map(|(name, value)| (plain(name), value)).collect(),
        })
    }

    /// What the first of these columns says that says anything.
    pub(super) fn read_text_of_column(&self, names: &[&str]) -> Option<String> {
        let said = names.iter().filter_map(|name| match self.columns.get(*name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        said.into_iter().find(|text| !text.is_empty())
    }

    pub(super) fn read_required_text_of_column(
        &self,
        field: &str,
        names: &[&str],
    ) -> Result<String> {
        self.read_text_of_column(names)
            .ok_or_else(|| DomainError::invalid_field_value(field, "is missing"))
    }

    /// A time; one without a zone is UTC, as Express servers write it.
    pub(super) fn read_time_of_column(&self, names: &[&str]) -> Option<DateTime<Utc>> {
        let text = self.read_text_of_column(names)?;
        let zoned = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
        let without_zone = || NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f");
        zoned.or_else(|_| without_zone().map(|time| time.and_utc())).ok()
    }

    pub(super) fn required_creation_time(&self) -> Result<DateTime<Utc>> {
        self.read_time_of_column(&["createdat", "created", "timestamp"])
            .ok_or_else(|| DomainError::invalid_field_value("created_at", "is missing or no time"))
    }

    /// What the row is called where it comes from.
    pub(super) fn id(&self) -> String {
        self.read_text_of_column(&["id", "uuid"]).unwrap_or_else(|| "without id".to_owned())
    }
}

/// Ids of people are kept where they are UUIDs, so that tokens of the other server stay good.
pub(super) fn map_foreign_id_of_person(id: &str) -> Uuid {
    Uuid::parse_str(id).unwrap_or_else(|_| {
        let digest: [u8; 32] = Sha256::digest(format!("users/{id}")).into();
        let (bytes, _) = digest.split_at(16);
        Builder::from_random_bytes(bytes.try_into().unwrap_or_default()).into_uuid()
    })
}

/// Lists are in the order of ids, which must be that of time: the id is made of both, the same at each import.
pub(super) fn map_foreign_id_of_moment(table: &str, id: &str, created: DateTime<Utc>) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(format!("{table}/{id}")).into();
    let millis = created.timestamp_millis().try_into().unwrap_or_default();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// `in-progress` and `In Progress` as `IN_PROGRESS`.
pub(super) fn write_word_as_constant(word: &str) -> String {
    word.trim().to_ascii_uppercase().replace(['-', ' '], "_")
}
