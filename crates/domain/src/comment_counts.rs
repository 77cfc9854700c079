//! How many comments incidents have: kept in counts, and in the changes that came since, which the database notes with
//! every comment that is added or removed.

use sqlx::FromRow;

use crate::{IncidentId, Result, Store};

/// Changes of an incident that are summed with every reading of its count at most; more are added to the count.
const MOST_SUMMED_CHANGES: i64 = 64;
/// Changes that are added to counts by one statement, so that none takes long.
const FOLDED_CHANGES: i64 = 10_000;

#[derive(FromRow)]
struct CommentCount {
    comments: i64,
    changes: i64,
}

impl Store {
    /// How many comments an incident has.
    pub async fn count_comments_of_incident(&self, incident_id: IncidentId) -> Result<i64> {
        let count: CommentCount = sqlx::query_as(
            "select (coalesce((select comments from comment_counts where incident_id = $1), 0)
                     + coalesce(sum(change), 0))::bigint as comments,
                    count(*) as changes
             from comment_count_changes where incident_id = $1",
        )
        .bind(incident_id)
        .fetch_one(&self.pool)
        .await?;
        if count.changes > MOST_SUMMED_CHANGES {
            let store = self.clone();
            tokio::spawn(async move {
                if let Err(error) = store.fold_changes_into_comment_counts(Some(incident_id)).await
                {
                    tracing::warn!(%error, "changes of a comment count are left for the next time");
                }
            });
        }
        Ok(count.comments)
    }

    /// Adds changes to the counts: those of one incident, or of any. What somebody else is adding at this moment is left to
    /// them. True while there may be more.
    pub async fn fold_changes_into_comment_counts(
        &self,
        incident_id: Option<IncidentId>,
    ) -> Result<bool> {
        let folded: i64 = sqlx::query_scalar(
            "with folded as (
                delete from comment_count_changes where id in (
                    select id from comment_count_changes where $1::uuid is null or incident_id = $1
                    order by id limit $2 for update skip locked)
                returning incident_id, change),
             counted as (
                insert into comment_counts as known (incident_id, comments)
                select incident_id, sum(change) from folded group by incident_id order by incident_id
                on conflict (incident_id) do update set comments = known.comments + excluded.comments)
             select count(*) from folded",
        )
        .bind(incident_id)
        .bind(FOLDED_CHANGES)
        .fetch_one(&self.pool)
        .await?;
        Ok(folded == FOLDED_CHANGES)
    }
}
