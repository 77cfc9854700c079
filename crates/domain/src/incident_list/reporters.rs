//! Search finds what somebody reported by who they are: the words of a query that are theirs are looked for in nothing else.

use sqlx::{Postgres, QueryBuilder, Row as _};

use crate::{Result, Store, UserId, search_text::SearchTerm};

/// People that are looked up for one query: those whom most of its words are about, and of these the first by handle.
const MOST_REPORTERS: i64 = 100;
/// Searches that one query may come to besides that of the text. Each is for people whom the same of its words are about.
const MOST_GROUPS: usize = 4;

/// People whom the same words of a query are about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reporters {
    pub(super) people: Vec<UserId>,
    /// What else of the query is to be in the text of what they reported.
    pub(super) others: Vec<SearchTerm>,
}

impl Store {
    /// People of whose name, address and handle some word begins with words of the query.
    pub(super) async fn find_reporters_of_terms(
        &self,
        terms: &[SearchTerm],
    ) -> Result<Vec<Reporters>> {
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = QueryBuilder::<Postgres>::new("select id, array[");
        push_separated_conditions_on_person(&mut sql, terms, ", ");
        sql.push("] as found from users where deleted_at is null and (");
        push_separated_conditions_on_person(&mut sql, terms, " or ");
        sql.push(") order by ");
        for (number, term) in terms.iter().enumerate() {
            sql.push(if number == 0 { "(" } else { ")::int + (" });
            push_condition_on_person(&mut sql, term);
        }
        sql.push(")::int desc, handle limit ").push_bind(MOST_REPORTERS);
        let rows = sql.build().fetch_all(&self.pool).await?;
        let found = rows.iter().map(|row| Ok((row.try_get("id")?, row.try_get("found")?)));
        Ok(group_people_by_words(terms, found.collect::<Result<_>>()?))
    }
}

fn push_separated_conditions_on_person(
    sql: &mut QueryBuilder<Postgres>,
    terms: &[SearchTerm],
    separator: &str,
) {
    for (number, term) in terms.iter().enumerate() {
        if number > 0 {
            sql.push(separator);
        }
        push_condition_on_person(sql, term);
    }
}

fn push_condition_on_person(sql: &mut QueryBuilder<Postgres>, term: &SearchTerm) {
    sql.push("search_text like ").push_bind(term.write_pattern_of_beginning());
}

/// In the order of the rows, which have whom most words are about first.
fn group_people_by_words(terms: &[SearchTerm], rows: Vec<(UserId, Vec<bool>)>) -> Vec<Reporters> {
    let mut groups: Vec<(Vec<bool>, Reporters)> = Vec::new();
    for (person, found) in rows {
        if let Some((_, group)) = groups.iter_mut().find(|(words, _)| *words == found) {
            group.people.push(person);
        } else if groups.len() < MOST_GROUPS {
            let others = terms.iter().zip(&found).filter(|(_, found)| !**found);
            let others = others.map(|(term, _)| term.clone()).collect();
            groups.push((found, Reporters { people: vec![person], others }));
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::search_text::split_query_into_terms;

    #[test]
    fn should_look_for_what_is_not_the_persons_in_the_text_of_what_they_reported() {
        let terms = split_query_into_terms("harry troll");
        let [both, one, another] = std::array::from_fn(|_| Uuid::new_v4());
        let rows =
            vec![(both, vec![true, true]), (one, vec![true, false]), (another, vec![true, false])];
        let groups = group_people_by_words(&terms, rows);
        assert_eq!(groups[0], Reporters { people: vec![both], others: vec![] });
        assert_eq!(groups[1].people, [one, another]);
        assert_eq!(groups[1].others, terms[1..]);
        assert_eq!(groups.len(), 2);
    }

    #[test]
    fn should_bound_the_searches_of_one_query() {
        let terms = split_query_into_terms("a b c d e");
        let rows = |groups: usize| {
            let person = |number| (Uuid::new_v4(), (0..5).map(|word| word == number).collect());
            (0..groups).map(person).collect()
        };
        assert_eq!(group_people_by_words(&terms, rows(MOST_GROUPS)).len(), MOST_GROUPS);
        assert_eq!(group_people_by_words(&terms, rows(MOST_GROUPS + 1)).len(), MOST_GROUPS);
    }
}
