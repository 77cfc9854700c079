//! Where in the list a word begins to be found that the newest incidents do not have.
//!
//! Looking at a few rows in many places takes a millisecond. The newest place where the word is frequent is where the index
//! need not look beyond, if a page is found up to there; if not, nothing is lost but the look.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::super::{IncidentFilter, order::IncidentOrder, push_filter_conditions_to_query};
use crate::{Result, Store, search_text::SearchTerm};

/// Parts of the time from the oldest incident to the newest, between which places are.
const PARTS: u8 = 64;
/// Rows of each place that are looked at.
const ROWS_OF_PLACE: i64 = 8;
/// With fewer matches among them a word is not frequent there, and the index is as quick without a bound.
const LEAST_MATCHES: i64 = 2;

impl Store {
    /// The newest place where matches are frequent; none when they are nowhere, or when the list is not in the order of time.
    pub(super) async fn find_newest_place_of_matches(
        &self,
        filter: &IncidentFilter,
        terms: &[SearchTerm],
    ) -> Result<Option<Uuid>> {
        let IncidentOrder::Newest { before } = filter.order else { return Ok(None) };
        let ends: (Option<Uuid>, Option<Uuid>) = sqlx::query_as(
            "select (select id from incidents order by id limit 1),
                    coalesce($1, (select id from incidents order by id desc limit 1))",
        )
        .bind(before)
        .fetch_one(&self.pool)
        .await?;
        let (Some(oldest), Some(newest)) = ends else { return Ok(None) };
        let mut sql = QueryBuilder::<Postgres>::new("select place.id from unnest(");
        sql.push_bind(spread_places_between_ids(oldest, newest));
        sql.push("::uuid[]) as place (id) where (select count(*) from (select * from incidents where id >= place.id order by id limit ");
        sql.push_bind(ROWS_OF_PLACE).push(") as i where true");
        push_filter_conditions_to_query(&mut sql, filter);
        for term in terms {
            sql.push(" and i.search_text like ").push_bind(term.text_pattern.clone());
        }
        sql.push(") >= ").push_bind(LEAST_MATCHES);
        sql.push(" order by place.id desc limit 1");
        Ok(sql.build_query_scalar().fetch_optional(&self.pool).await?)
    }
}

fn spread_places_between_ids(oldest: Uuid, newest: Uuid) -> Vec<Uuid> {
    let part = newest.as_u128().saturating_sub(oldest.as_u128()) / u128::from(PARTS);
    let places = (1..PARTS).map(|place| oldest.as_u128() + part * u128::from(place));
    places.map(Uuid::from_u128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_spread_places_between_the_oldest_and_the_newest() {
        let (oldest, newest) = (Uuid::from_u128(1_000), Uuid::from_u128(1_000 + 640));
        let places = spread_places_between_ids(oldest, newest);
        assert_eq!(places.len(), 63);
        assert_eq!((places[0], places[62]), (Uuid::from_u128(1_010), Uuid::from_u128(1_630)));
        for (oldest, newest) in [(Uuid::max(), Uuid::max()), (newest, oldest)] {
            assert!(spread_places_between_ids(oldest, newest).iter().all(|id| *id == oldest));
        }
        assert!(spread_places_between_ids(Uuid::nil(), Uuid::max()).is_sorted());
    }
}
