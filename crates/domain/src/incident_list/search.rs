//! Search for terms anywhere in the text (see [`crate::search_text`]).
//!
//! What is frequent is found by walking the list from its first row on, what is rare by the index of trigrams; which of both
//! it is, the first rows tell. So neither walks a million rows, nor sorts a hundred thousand. The index is asked for what is
//! rare in the query alone: what nearly every row has would be read for nearly every row. Of what was frequent once it is asked
//! for the newest (see [`places`]).

mod places;

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{IncidentFilter, push_filter_conditions_to_query};
use crate::{Result, Store, search_text::SearchTerm};

/// The first rows, of which enough have what is frequent: a look takes two milliseconds.
const FIRST_WALK_ROWS: i64 = 2_000;
/// A longer walk than the index would take is not begun.
const LONGEST_WALK_ROWS: i64 = 30_000;
/// With fewer matches among the first rows the index is quicker than the walk: measured in `docs/BENCHMARKS.md`.
const LEAST_MATCHES_TO_WALK: usize = 8;
/// The newest rows, which tell what parts of a query are rare.
const SAMPLED_ROWS: i64 = 500;
/// Parts of a query that are compared with them: the longest.
const SAMPLED_RUNS: usize = 12;
/// What so many of the sampled rows have is read of the index quickly, whatever else is asked.
const RARE_IN_SAMPLE: i64 = SAMPLED_ROWS / 50;

/// What looking at the first rows has found.
struct Walk {
    ids: Vec<Uuid>,
    /// Whether there were no further rows to look at.
    saw_everything: bool,
}

impl Store {
    /// The first that match, one more than the page has.
    pub(super) async fn search_incident_ids_by_terms(
        &self,
        filter: &IncidentFilter,
        terms: &[SearchTerm],
    ) -> Result<Vec<Uuid>> {
        let wanted = filter.limit as usize + 1;
        let first = self.walk_first_incident_rows(filter, terms, FIRST_WALK_ROWS).await?;
        if first.saw_everything || first.ids.len() >= wanted {
            return Ok(first.ids);
        }
        let mut runs: Vec<&str> =
            terms.iter().flat_map(|term| &term.run_patterns).map(String::as_str).collect();
        if runs.is_empty() {
            // One or two letters: there is no index of these.
            return Ok(self.walk_first_incident_rows(filter, terms, i64::MAX).await?.ids);
        }
        if first.ids.len() >= LEAST_MATCHES_TO_WALK {
            // Twice as far as it takes when they go on as they began.
            let enough = 2 * FIRST_WALK_ROWS * wanted as i64 / first.ids.len() as i64;
            let rows = enough.min(LONGEST_WALK_ROWS);
            let longer = self.walk_first_incident_rows(filter, terms, rows).await?;
            if longer.saw_everything || longer.ids.len() >= wanted {
                return Ok(longer.ids);
            }
        }
        if runs.len() > 1 {
            runs = self.choose_rare_runs_for_index(runs).await?;
        }
        if let Some(place) = self.find_newest_place_of_matches(filter, terms).await? {
            let ids = self.find_incident_ids_by_index(filter, terms, &runs, Some(place)).await?;
            if ids.len() >= wanted {
                return Ok(ids);
            }
        }
        self.find_incident_ids_by_index(filter, terms, &runs, None).await
    }

    async fn walk_first_incident_rows(
        &self,
        filter: &IncidentFilter,
        terms: &[SearchTerm],
        rows: i64,
    ) -> Result<Walk> {
        let mut sql = QueryBuilder::<Postgres>::new("with edge as materialized (select ");
        sql.push(filter.order.as_place_columns()).push(" from incidents i where true");
        push_filter_conditions_to_query(&mut sql, filter);
        sql.push(filter.order.as_order_clause()).push(" offset ").push_bind(rows);
        sql.push(
            " limit 1) select i.id, (select id from edge) is null as saw_everything from incidents i where ",
        );
        sql.push(filter.order.as_condition_before_edge());
        push_filter_conditions_to_query(&mut sql, filter);
        for term in terms {
            sql.push(" and i.search_text like ").push_bind(term.text_pattern.clone());
        }
        sql.push(filter.order.as_order_clause());
        sql.push(" limit ").push_bind(i64::from(filter.limit) + 1);
        let found: Vec<(Uuid, bool)> = sql.build_query_as().fetch_all(&self.pool).await?;
        let saw_everything = match found.first() {
            Some((_, saw_everything)) => *saw_everything,
            None => !self.has_more_incident_rows(filter, rows).await?,
        };
        Ok(Walk { ids: found.into_iter().map(|(id, _)| id).collect(), saw_everything })
    }

    async fn has_more_incident_rows(&self, filter: &IncidentFilter, rows: i64) -> Result<bool> {
        let mut sql =
            QueryBuilder::<Postgres>::new("select exists (select from incidents i where true");
        push_filter_conditions_to_query(&mut sql, filter);
        sql.push(filter.order.as_order_clause());
        sql.push(" offset ").push_bind(rows).push(" limit 1)");
        Ok(sql.build_query_scalar().fetch_one(&self.pool).await?)
    }

    /// What the newest rows have least of, and what is not much more frequent.
    async fn choose_rare_runs_for_index<'a>(&self, mut runs: Vec<&'a str>) -> Result<Vec<&'a str>> {
        runs.sort_unstable_by_key(|run| (std::cmp::Reverse(run.len()), *run));
        runs.dedup();
        runs.truncate(SAMPLED_RUNS);
        let mut sql = QueryBuilder::<Postgres>::new("select array[");
        let mut counts = sql.separated(", ");
        for run in &runs {
            counts.push("count(*) filter (where key like ").push_bind_unseparated(*run);
            counts.push_unseparated(")");
        }
        sql.push("] from (select coalesce(search_key, search_text) as key from incidents order by id desc limit ");
        sql.push_bind(SAMPLED_ROWS).push(") as newest");
        let counts: Vec<i64> = sql.build_query_scalar().fetch_one(&self.pool).await?;
        let least = counts.iter().copied().min().unwrap_or_default();
        let most = RARE_IN_SAMPLE.max(2 * least);
        let counted = runs.into_iter().zip(counts);
        Ok(counted.filter(|(_, count)| *count <= most).map(|(run, _)| run).collect())
    }

    /// Those from an id on, or all.
    async fn find_incident_ids_by_index(
        &self,
        filter: &IncidentFilter,
        terms: &[SearchTerm],
        runs: &[&str],
        oldest: Option<Uuid>,
    ) -> Result<Vec<Uuid>> {
        let mut sql = QueryBuilder::<Postgres>::new("select id from (select ");
        sql.push(filter.order.as_place_columns()).push(" from incidents i where true");
        push_filter_conditions_to_query(&mut sql, filter);
        if let Some(oldest) = oldest {
            sql.push(" and i.id >= ").push_bind(oldest);
        }
        for run in runs {
            // The index is of this very expression.
            sql.push(" and coalesce(i.search_key, i.search_text) like ").push_bind(*run);
        }
        for term in terms {
            // A term that is one run was compared already, at the row, where the key is the text itself: the index knows only
            // which rows may have it. Comparing is what most of a search costs.
            let was_compared = runs.contains(&term.text_pattern.as_str());
            sql.push(if was_compared { " and (i.search_key is null or " } else { " and (" });
            sql.push("i.search_text like ").push_bind(term.text_pattern.clone()).push(")");
        }
        // Planned by itself, for all that match: the index of the search is its only way.
        sql.push(" offset 0) as matching").push(filter.order.as_order_of_places());
        sql.push(" limit ").push_bind(i64::from(filter.limit) + 1);
        Ok(sql.build_query_scalar().fetch_all(&self.pool).await?)
    }
}
