//! What a run is given: a seed, a scale, a binary and a database server.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{
    cluster::{PostgresCluster, find_postgres_binaries_directory},
    database::{DatabaseKind, RunDatabase},
};

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Seconds a scenario, tens of clients.
    Quick,
    /// Minutes in all.
    Full,
}

/// Surroundings shared by all runs.
#[derive(Debug, Clone)]
pub struct Lab {
    /// The server's binary.
    pub binary: PathBuf,
    /// Postgres of the harness's own.
    pub cluster: Option<Arc<PostgresCluster>>,
    /// An administrator's address of a Postgres that was there before.
    pub given_url: Option<String>,
    /// How much of it.
    pub scale: Scale,
    /// Length of the soak.
    pub soak: Duration,
}

impl Lab {
    /// Finds or starts what the runs need.
    pub async fn open_lab_with_binary(
        binary: PathBuf,
        scale: Scale,
        soak: Duration,
    ) -> Result<Self> {
        let cluster = match find_postgres_binaries_directory() {
            Some(binaries) => {
                let cluster = PostgresCluster::start_cluster_of_binaries(binaries).await;
                Some(Arc::new(cluster.context("Postgres binaries are there and do not start")?))
            }
            None => None,
        };
        let given = std::env::var("OWLPOST_TEST_DATABASE_URL").ok();
        let given_url = given.filter(|url| !url.is_empty());
        Ok(Self { binary, cluster, given_url, scale, soak })
    }

    /// An administrator's address, of our own server rather than of a given one.
    pub fn find_admin_url_of_postgres(&self) -> Option<String> {
        let own = self.cluster.as_ref().map(|cluster| cluster.build_url_for_administrator());
        own.or_else(|| self.given_url.clone())
    }
}

/// One scenario on one database.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its surroundings.
    pub lab: Lab,
    /// Which database.
    pub kind: DatabaseKind,
    /// What its chances come from.
    pub seed: u64,
}

impl Run {
    /// Chances of the run; `stream` keeps its parts independent of each other.
    pub fn derive_chances_for_stream(&self, stream: u64) -> StdRng {
        StdRng::seed_from_u64(self.seed.wrapping_mul(0x9e37_79b9).wrapping_add(stream))
    }

    /// The first value for quick runs, the second for full ones.
    pub fn pick_value_by_scale<T>(&self, quick: T, full: T) -> T {
        match self.lab.scale {
            Scale::Quick => quick,
            Scale::Full => full,
        }
    }

    /// A database for this run.
    pub async fn create_database_for_run(&self) -> Result<RunDatabase> {
        let admin_url = match self.kind {
            DatabaseKind::Postgres => {
                Some(self.lab.find_admin_url_of_postgres().context("no Postgres")?)
            }
            DatabaseKind::Embedded => None,
        };
        RunDatabase::create_for_one_run(admin_url).await
    }

    /// The Postgres that may be stopped and frozen.
    pub fn cluster(&self) -> Result<&PostgresCluster> {
        self.lab.cluster.as_deref().context("no Postgres binaries")
    }
}
