//! The list of incidents: filters, full-text search, pages.

use std::collections::HashSet;

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{
    DomainError, Incident, Result, Severity, Status, Store, UserId,
    incidents::{SELECT_INCIDENT, read_incident_from_row},
    page::Page,
    validate::refuse_unstorable_or_long_text,
};

/// Longest search text.
const SEARCH_CHARS: usize = 200;

/// Whose incidents to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssigneeFilter {
    /// Nobody's.
    Nobody,
    /// This user's.
    User(UserId),
}

/// Which incidents to list. Empty lists do not filter.
#[derive(Debug, Clone, Default)]
pub struct IncidentFilter {
    /// Any of these.
    pub statuses: Vec<Status>,
    /// Any of these.
    pub severities: Vec<Severity>,
    /// Whose.
    pub assignee: Option<AssigneeFilter>,
    /// Words in title, description or location; the last one may be unfinished.
    pub search: Option<String>,
    /// Only incidents reported before this one: the `next_before` of the page before.
    pub before: Option<Uuid>,
    /// Rows of the page.
    pub limit: u32,
}

impl Store {
    /// Which of these titles incidents have, however many newer ones there are. The index of the search finds them.
    pub async fn find_known_incident_titles(&self, titles: &[&str]) -> Result<HashSet<String>> {
        let known: Vec<String> = sqlx::query_scalar(
            "select title from unnest($1::text[]) as wanted (title)
             where exists (
                 select from incidents
                 where search @@ phraseto_tsquery('simple', wanted.title) and incidents.title = wanted.title)",
        )
        .bind(titles)
        .fetch_all(&self.pool)
        .await?;
        Ok(known.into_iter().collect())
    }

    /// A page size the limits allow.
    pub fn check_page_size_in_bounds(&self, limit: Option<u32>) -> Result<u32> {
        let most = self.config.limits.page_size;
        match limit {
            None => Ok(most.min(50)),
            Some(limit) if (1..=most).contains(&limit) => Ok(limit),
            Some(_) => {
                Err(DomainError::invalid_field_value("limit", format!("must be 1 to {most}")))
            }
        }
    }

    /// Incidents that match, newest first.
    pub async fn list_incidents_by_filter(
        &self,
        filter: &IncidentFilter,
    ) -> Result<Page<Incident>> {
        let mut sql = QueryBuilder::<Postgres>::new(SELECT_INCIDENT);
        sql.push(" where true");
        push_filter_conditions_to_query(&mut sql, filter)?;
        sql.push(" order by i.id desc limit ").push_bind(i64::from(filter.limit) + 1);
        let rows = sql.build().fetch_all(&self.pool).await?;
        let incidents = rows.iter().map(read_incident_from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_rows_with_one_more(incidents, filter.limit, |incident| incident.id))
    }
}

fn push_filter_conditions_to_query(
    sql: &mut QueryBuilder<Postgres>,
    filter: &IncidentFilter,
) -> Result<()> {
    if !filter.statuses.is_empty() {
        let words: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
        sql.push(" and i.status = any(").push_bind(words).push(")");
    }
    if !filter.severities.is_empty() {
        let words: Vec<&str> = filter.severities.iter().map(|severity| severity.as_str()).collect();
        sql.push(" and i.severity = any(").push_bind(words).push(")");
    }
    match filter.assignee {
        Some(AssigneeFilter::Nobody) => {
            sql.push(" and i.assignee_id is null");
        }
        Some(AssigneeFilter::User(id)) => {
            sql.push(" and i.assignee_id = ").push_bind(id);
        }
        None => {}
    }
    if let Some(query) = filter.search.as_deref().and_then(build_prefix_search_query) {
        refuse_unstorable_or_long_text("q", &query, SEARCH_CHARS * 4)?;
        sql.push(" and i.search @@ to_tsquery('simple', ").push_bind(query).push(")");
    }
    if let Some(before) = filter.before {
        sql.push(" and i.id < ").push_bind(before);
    }
    Ok(())
}

/// All words must occur; the last may be the beginning of one, so that searching while typing works.
fn build_prefix_search_query(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .chars()
        .take(SEARCH_CHARS)
        .collect::<String>()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("'{word}'"))
        .collect();
    if words.is_empty() { None } else { Some(format!("{}:*", words.join(" & "))) }
}

#[cfg(test)]
mod tests {
    use super::build_prefix_search_query;

    #[test]
    fn should_turn_any_text_into_a_safe_query() {
        assert_eq!(
            build_prefix_search_query("troll in' & dung").unwrap(),
            "'troll' & 'in' & 'dung':*"
        );
        assert_eq!(build_prefix_search_query(" !&| "), None);
    }
}
