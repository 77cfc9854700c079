//! The list of incidents: filters, search, pages.

pub mod counts;
pub mod order;
mod reporters;
mod search;

use std::collections::HashSet;

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use self::{
    order::{IncidentOrder, push_severities_to_query},
    reporters::Reporters,
};
use crate::{
    DomainError, Incident, Result, Severity, Status, Store, UserId,
    incidents::{SELECT_INCIDENT, read_incident_from_row},
    page::Page,
    search_text::{SearchTerm, split_query_into_terms},
    validate::refuse_unstorable_or_long_text,
};

/// Longest search text.
const SEARCH_CHARS: usize = 200;
/// Characters of a whole id.
const UUID_CHARS: usize = 36;
/// How an id is printed: this, and its last digits.
const PRINTED_PREFIX: &str = "owl-";
const PRINTED_DIGITS: usize = 5;

/// Whose incidents to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeFilter {
    /// Nobody's.
    Nobody,
    /// This user's.
    User(UserId),
}

/// Which incidents to list. Empty lists do not filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct IncidentFilter {
    /// Any of these.
    pub statuses: Vec<Status>,
    /// Any of these.
    pub severities: Vec<Severity>,
    /// Whose.
    pub assignee: Option<AssigneeFilter>,
    /// Reported by any of these.
    pub reporters: Vec<UserId>,
    /// Terms, divided by spaces, each of which is somewhere in title, description or location, or an id, or the beginning of a
    /// word of the reporter's name, address or handle.
    pub search: Option<String>,
    /// In which order, and where the page begins.
    pub order: IncidentOrder,
    /// Rows of the page.
    pub limit: u32,
}

/// What is looked for.
#[derive(Default)]
struct Wanted {
    /// Of the text, or of the reporter.
    terms: Vec<SearchTerm>,
    ids: Vec<Uuid>,
    /// Ends of ids, in lower case.
    printed_ids: Vec<String>,
}

impl Wanted {
    /// Ids are looked up, whole or as they are printed: a short number would be somewhere in many by chance.
    fn from_query(query: &str) -> Self {
        let mut wanted = Self::default();
        let mut words = Vec::new();
        for word in query.split_whitespace() {
            let lower = word.to_ascii_lowercase();
            let printed = lower.strip_prefix(PRINTED_PREFIX).filter(|end| {
                end.len() == PRINTED_DIGITS && end.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
            match (Uuid::parse_str(word), printed) {
                (Ok(id), _) if word.len() == UUID_CHARS => wanted.ids.push(id),
                (_, Some(end)) => wanted.printed_ids.push(end.to_owned()),
                _ => words.push(word),
            }
        }
        wanted.terms = split_query_into_terms(&words.join(" "));
        wanted
    }

    fn names_ids(&self) -> bool {
        !self.ids.is_empty() || !self.printed_ids.is_empty()
    }
}

impl Store {
    /// Which of these titles incidents have, however many newer ones there are. The index of the search finds them.
    pub async fn find_known_incident_titles(&self, titles: &[&str]) -> Result<HashSet<String>> {
        // The longest word of a title is rare enough.
        let patterns: Vec<String> = titles
            .iter()
            .map(|title| {
                let terms = split_query_into_terms(title).into_iter().map(|term| term.key_pattern);
                terms.max_by_key(String::len).unwrap_or_else(|| "%".to_owned())
            })
            .collect();
        let known: Vec<String> = sqlx::query_scalar(
            "select title from unnest($1::text[], $2::text[]) as wanted (title, pattern)
             where exists (
                 select from incidents
                 where coalesce(search_key, search_text) like wanted.pattern and incidents.title = wanted.title)
                 or exists (
                 select from incidents where search_text is null and incidents.title = wanted.title)",
        )
        .bind(titles)
        .bind(patterns)
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

    /// Incidents that match, with the cursor of the page behind them.
    pub async fn list_incidents_by_filter(
        &self,
        filter: &IncidentFilter,
    ) -> Result<Page<Incident, String>> {
        let wanted = filter.search.as_deref().map(str::trim).filter(|query| !query.is_empty());
        let mut sql = QueryBuilder::<Postgres>::new(SELECT_INCIDENT);
        sql.push(" where true");
        match wanted {
            Some(query) => {
                refuse_unstorable_or_long_text("q", query, SEARCH_CHARS)?;
                let ids = self.find_incident_ids_by_query(filter, query).await?;
                sql.push(" and i.id = any(").push_bind(ids).push(")");
            }
            None => push_filter_conditions_to_query(&mut sql, filter),
        }
        sql.push(filter.order.as_order_clause());
        sql.push(" limit ").push_bind(i64::from(filter.limit) + 1);
        let rows = sql.build().fetch_all(&self.pool).await?;
        let incidents = rows.iter().map(read_incident_from_row).collect::<Result<Vec<_>>>()?;
        let order = filter.order;
        let cursor = |incident: &Incident| order.write_cursor_behind_incident(incident);
        Ok(Page::from_rows_with_one_more(incidents, filter.limit, cursor))
    }

    /// Those of the page are among them. What has all terms in its text is one search; what somebody reported whom terms are
    /// about is another, for what is left of the query. So a query with nobody's name in it is searched as if incidents had no
    /// reporters.
    async fn find_incident_ids_by_query(
        &self,
        filter: &IncidentFilter,
        query: &str,
    ) -> Result<Vec<Uuid>> {
        let wanted = Wanted::from_query(query);
        if wanted.terms.is_empty() && !wanted.names_ids() {
            return Ok(Vec::new());
        }
        let mut ids = self.find_incident_ids_by_terms(filter, &wanted, &wanted.terms).await?;
        for Reporters { people, others } in self.find_reporters_of_terms(&wanted.terms).await? {
            let of_them = IncidentFilter { reporters: people, ..filter.clone() };
            ids.extend(self.find_incident_ids_by_terms(&of_them, &wanted, &others).await?);
        }
        Ok(ids)
    }

    async fn find_incident_ids_by_terms(
        &self,
        filter: &IncidentFilter,
        wanted: &Wanted,
        terms: &[SearchTerm],
    ) -> Result<Vec<Uuid>> {
        // Ids leave few rows to compare, and without terms there is nothing to compare.
        if !wanted.names_ids() && !terms.is_empty() {
            return self.search_incident_ids_by_terms(filter, terms).await;
        }
        let mut sql = QueryBuilder::<Postgres>::new("select i.id from incidents i where true");
        push_filter_conditions_to_query(&mut sql, filter);
        for id in &wanted.ids {
            sql.push(" and i.id = ").push_bind(*id);
        }
        for end in &wanted.printed_ids {
            sql.push(" and right(i.id::text, 5) = ").push_bind(end.clone());
        }
        for term in terms {
            sql.push(" and i.search_text like ").push_bind(term.text_pattern.clone());
        }
        sql.push(filter.order.as_order_clause());
        sql.push(" limit ").push_bind(i64::from(filter.limit) + 1);
        Ok(sql.build_query_scalar().fetch_all(&self.pool).await?)
    }
}

fn push_filter_conditions_to_query(sql: &mut QueryBuilder<Postgres>, filter: &IncidentFilter) {
    let asks_for = |status: &Status| filter.statuses.contains(status);
    let is_any = filter.statuses.is_empty();
    if !is_any && !asks_for(&Status::Resolved) {
        // What is not resolved has indexes of its own, which are found by these very words.
        sql.push(" and i.status <> 'RESOLVED'");
    }
    // Of all that is not resolved no more needs to be said, and Postgres would take it for less than it is.
    let is_said =
        Status::ALL.iter().all(|status| asks_for(status) == (*status != Status::Resolved));
    if !is_any && !is_said {
        let words: Vec<&str> = filter.statuses.iter().map(|status| status.as_str()).collect();
        sql.push(" and i.status = any(").push_bind(words).push(")");
    }
    if !filter.severities.is_empty() {
        push_severities_to_query(sql, &filter.severities);
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
    if !filter.reporters.is_empty() {
        sql.push(" and i.reported_by = any(").push_bind(filter.reporters.clone()).push(")");
    }
    filter.order.push_start_to_query(sql);
}
