//! In which order incidents are listed, and where a page of that order begins.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Incident, Severity, model::IncidentSort};

/// An order with the place in it behind which a page begins, so that no place of one order is taken for one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncidentOrder {
    /// The newest first.
    Newest {
        /// Only what was reported before this one.
        before: Option<Uuid>,
    },
    /// The most severe first, of these the oldest.
    Urgency {
        /// Only what is less severe, or as severe and reported later.
        behind: Option<(Severity, Uuid)>,
    },
}

impl Default for IncidentOrder {
    fn default() -> Self {
        Self::Newest { before: None }
    }
}

/// How urgent a severity is, as the indexes of migration 0015 have it.
macro_rules! severity_rank {
    () => {
        "(case i.severity when 'CRITICAL' then 0 when 'SERIOUS' then 1 else 2 end)"
    };
}

const fn rank_severity_by_urgency(severity: Severity) -> i32 {
    match severity {
        Severity::Critical => 0,
        Severity::Serious => 1,
        Severity::Mischief => 2,
    }
}

/// Only what is of one of these severities, of which there are some, asked in the words of the indexes.
pub(super) fn push_severities_to_query(sql: &mut QueryBuilder<Postgres>, severities: &[Severity]) {
    let ranks: Vec<i32> = severities.iter().map(|of| rank_severity_by_urgency(*of)).collect();
    sql.push(concat!(" and ", severity_rank!()));
    match ranks[..] {
        // What has one rank is in order in the index, as what has any of some is not.
        [rank] => sql.push(" = ").push_bind(rank),
        _ => sql.push(" = any(").push_bind(ranks).push(")"),
    };
}

impl IncidentOrder {
    /// The page of an order behind a cursor, which is what `write_cursor_behind_incident` wrote; `None` when it is not
    /// one of this order.
    pub fn from_sort_and_cursor(sort: IncidentSort, cursor: Option<&str>) -> Option<Self> {
        Some(match sort {
            IncidentSort::Newest => {
                Self::Newest { before: cursor.map(Uuid::parse_str).transpose().ok()? }
            }
            IncidentSort::Urgency => {
                let behind = cursor.map(|cursor| {
                    let (severity, id) = cursor.split_once('.')?;
                    Some((severity.parse().ok()?, Uuid::parse_str(id).ok()?))
                });
                Self::Urgency { behind: if let Some(read) = behind { Some(read?) } else { None } }
            }
        })
    }

    /// Where the page behind this incident begins.
    pub(super) fn write_cursor_behind_incident(self, incident: &Incident) -> String {
        match self {
            Self::Newest { .. } => incident.id.to_string(),
            Self::Urgency { .. } => format!("{}.{}", incident.severity, incident.id),
        }
    }

    /// `order by`, for incidents called `i`.
    pub(super) const fn as_order_clause(self) -> &'static str {
        match self {
            Self::Newest { .. } => " order by i.id desc",
            Self::Urgency { .. } => concat!(" order by ", severity_rank!(), ", i.id"),
        }
    }

    /// The place of a row, to be sorted by outside of the query that found it.
    pub(super) const fn as_place_columns(self) -> &'static str {
        match self {
            Self::Newest { .. } => "i.id, 0 as rank",
            Self::Urgency { .. } => concat!("i.id, ", severity_rank!(), " as rank"),
        }
    }

    /// `order by` over these columns.
    pub(super) const fn as_order_of_places(self) -> &'static str {
        match self {
            Self::Newest { .. } => " order by id desc",
            Self::Urgency { .. } => " order by rank, id",
        }
    }

    /// Rows that come before the one called `edge`, or all when there is none.
    pub(super) const fn as_condition_before_edge(self) -> &'static str {
        match self {
            Self::Newest { .. } => {
                "i.id > coalesce((select id from edge), '00000000-0000-0000-0000-000000000000')"
            }
            Self::Urgency { .. } => concat!(
                "(",
                severity_rank!(),
                ", i.id) < (coalesce((select rank from edge), 3),
                    coalesce((select id from edge), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))"
            ),
        }
    }

    pub(super) fn push_start_to_query(self, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::Newest { before: Some(id) } => {
                sql.push(" and i.id < ").push_bind(id);
            }
            Self::Urgency { behind: Some((severity, id)) } => {
                sql.push(concat!(" and (", severity_rank!(), ", i.id) > ("));
                sql.push_bind(rank_severity_by_urgency(severity))
                    .push(", ")
                    .push_bind(id)
                    .push(")");
            }
            Self::Newest { before: None } | Self::Urgency { behind: None } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_take_the_cursors_of_an_order_and_of_no_other() {
        let id = Uuid::now_v7();
        let (newest, urgent) = (id.to_string(), format!("SERIOUS.{id}"));
        let read = IncidentOrder::from_sort_and_cursor;
        assert_eq!(
            read(IncidentSort::Newest, Some(&newest)),
            Some(IncidentOrder::Newest { before: Some(id) })
        );
        assert_eq!(
            read(IncidentSort::Urgency, Some(&urgent)),
            Some(IncidentOrder::Urgency { behind: Some((Severity::Serious, id)) })
        );
        assert_eq!(read(IncidentSort::Newest, Some(&urgent)), None);
        assert_eq!(
            read(IncidentSort::Urgency, None),
            Some(IncidentOrder::Urgency { behind: None })
        );
        for wrong in
            [newest, format!("serious.{id}"), "SERIOUS.".into(), format!("SERIOUS{id}"), ".".into()]
        {
            assert_eq!(read(IncidentSort::Urgency, Some(&wrong)), None, "{wrong}");
        }
    }
}
