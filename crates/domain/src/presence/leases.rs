//! Which nodes live: each claims so for a while, again and again.

use std::time::Duration;

use uuid::Uuid;

use crate::{Result, Store};

/// What a node learns when it claims that its sockets live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseRenewal {
    /// False: the lease had run out (others may have swept the node's rows) or the table was emptied by a crash of
    /// Postgres, so the node must write its sockets again.
    pub was_held: bool,
    /// Other live nodes whose tokens this one refuses, and which refuse those of this one.
    pub nodes_with_other_secret: u32,
}

impl Store {
    /// Keeps this node's rows alive for `lease` more, and looks at the other nodes.
    pub async fn renew_presence_node_lease(
        &self,
        node_id: Uuid,
        lease: Duration,
    ) -> Result<LeaseRenewal> {
        let (was_held, other_secrets) = sqlx::query_as::<_, (bool, i64)>(
            "with renewed as (
                 update presence_nodes
                 set lease_expires = now() + make_interval(secs => $2), secret_fingerprint = $3
                 where node_id = $1 and lease_expires > now()
                 returning node_id),
             claimed as (
                 insert into presence_nodes (node_id, lease_expires, secret_fingerprint)
                 select $1, now() + make_interval(secs => $2), $3 where not exists (select from renewed)
                 on conflict (node_id) do update
                 set lease_expires = excluded.lease_expires, secret_fingerprint = excluded.secret_fingerprint)
             select exists (select from renewed),
                    (select count(*) from presence_nodes
                     where node_id <> $1 and lease_expires > now() and secret_fingerprint <> all($4))",
        )
        .bind(node_id)
        .bind(lease.as_secs_f64())
        .bind(self.tokens.fingerprint_of_own_secret()?)
        .bind(self.tokens.fingerprints_of_known_secrets()?)
        .fetch_one(&self.pool)
        .await?;
        Ok(LeaseRenewal {
            was_held,
            nodes_with_other_secret: u32::try_from(other_secrets).unwrap_or(u32::MAX),
        })
    }

    /// Whether this node is live, and no other: one whose own lease has run out is not seen by those that start.
    pub async fn is_only_presence_node(&self, node_id: Uuid) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "select coalesce(bool_and(node_id = $1), false) from presence_nodes where lease_expires > now()",
        )
        .bind(node_id)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Live nodes that sign with another secret than this process would.
    pub async fn count_nodes_with_other_secret(&self) -> Result<i64> {
        Ok(sqlx::query_scalar(
            "select count(*) from presence_nodes where lease_expires > now() and secret_fingerprint <> all($1)",
        )
        .bind(self.tokens.fingerprints_of_known_secrets()?)
        .fetch_one(&self.pool)
        .await?)
    }

    /// Forgets nodes whose lease ran out, and this one when it stops.
    pub async fn delete_expired_presence_leases(&self, leaving: Option<Uuid>) -> Result<()> {
        sqlx::query("delete from presence_nodes where lease_expires < now() - interval '1 minute' or node_id = $1")
            .bind(leaving)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
