//! Writing what search compares for rows that have none: those of before, and those of others.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{Incident, Result, Store, search_text::SearchText};

/// Rows that are given a text in one statement, so that none holds its locks for long.
const BATCH_ROWS: i64 = 500;
/// Characters of what such a statement indexes, and of one incident more: so that long texts are done within the time of
/// a statement, too. As many as of 500 usual ones, which take a tenth of a second.
const BATCH_CHARS: i64 = 150_000;

/// What is searched of an incident.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SearchedIncident<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) location: Option<&'a str>,
}

impl<'a> From<&'a Incident> for SearchedIncident<'a> {
    fn from(incident: &'a Incident) -> Self {
        Self {
            title: &incident.title,
            description: incident.description.as_deref(),
            location: incident.location.as_deref(),
        }
    }
}

impl SearchedIncident<'_> {
    /// Its title, description and place. Not its id, which a short number would be found in by chance.
    pub(crate) fn write_text_of_incident(self) -> SearchText {
        let texts = [Some(self.title), self.description, self.location];
        SearchText::from_parts(texts.into_iter().flatten())
    }
}

/// The name of a person in its parts, their address and their handle.
pub(crate) fn write_searched_words_of_person(name: &str, email: &str, handle: &str) -> String {
    let is_letter = |c: char| c.is_alphanumeric() || c == '\'' || !c.is_ascii();
    let parts = name.split(|c: char| !is_letter(c)).chain(name.split('\''));
    let words = [name, email, handle].into_iter().chain(parts);
    SearchText::from_parts(words.chain(handle.split(['.', '_', '-']))).text
}

#[derive(FromRow)]
struct UnindexedIncident {
    id: Uuid,
    title: String,
    description: Option<String>,
    location: Option<String>,
    version: i32,
}

#[derive(FromRow)]
struct UnindexedPerson {
    id: Uuid,
    name: String,
    email: String,
    handle: String,
}

impl Store {
    /// Gives some of the incidents and people that have none what search compares. True while there are more.
    pub async fn write_missing_search_texts(&self) -> Result<bool> {
        let incidents = self.write_texts_of_incidents().await?;
        let people = self.write_texts_of_people().await?;
        Ok(incidents || people)
    }

    async fn write_texts_of_incidents(&self) -> Result<bool> {
        let rows: Vec<UnindexedIncident> = sqlx::query_as(
            "select id, title, description, location, version
             from (select *, sum(length(title) + coalesce(length(description), 0)) over (order by id desc)
                           - length(title) - coalesce(length(description), 0) as chars_before
                   from (select id, title, description, location, version from incidents
                         where search_text is null order by id desc limit $1) as newest) as summed
             where chars_before < $2",
        )
        .bind(BATCH_ROWS)
        .bind(BATCH_CHARS)
        .fetch_all(&self.pool)
        .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let texts: Vec<SearchText> = rows
            .iter()
            .map(|row| {
                let UnindexedIncident { title, description, location, .. } = row;
                let (description, location) = (description.as_deref(), location.as_deref());
                SearchedIncident { title, description, location }.write_text_of_incident()
            })
            .collect();
        // Who was changed since is written with the change, or the next time.
        let written = sqlx::query(
            "update incidents set search_text = written.search_text, search_key = written.search_key, search = null
             from unnest($1::uuid[], $2::int[], $3::text[], $4::text[])
                 as written (id, version, search_text, search_key)
             where incidents.id = written.id and incidents.version = written.version
                 and incidents.search_text is null",
        )
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.version).collect::<Vec<_>>())
        .bind(texts.iter().map(|written| &*written.text).collect::<Vec<_>>())
        .bind(texts.iter().map(|written| written.key.as_deref()).collect::<Vec<_>>())
        .execute(&self.pool)
        .await?;
        Ok(written.rows_affected() > 0)
    }

    async fn write_texts_of_people(&self) -> Result<bool> {
        let rows: Vec<UnindexedPerson> = sqlx::query_as(
            "select id, name, email, handle from users where search_text is null order by id limit $1",
        )
        .bind(BATCH_ROWS)
        .fetch_all(&self.pool)
        .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let texts: Vec<String> = rows
            .iter()
            .map(|row| write_searched_words_of_person(&row.name, &row.email, &row.handle))
            .collect();
        sqlx::query(
            "update users set search_text = written.search_text
             from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
                 as written (id, name, email, handle, search_text)
             where users.id = written.id and users.search_text is null
                 and (users.name, users.email, users.handle) = (written.name, written.email, written.handle)",
        )
        .bind(rows.iter().map(|row| row.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.name).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.email).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| &*row.handle).collect::<Vec<_>>())
        .bind(texts)
        .execute(&self.pool)
        .await?;
        Ok(rows.len() as i64 == BATCH_ROWS)
    }
}
