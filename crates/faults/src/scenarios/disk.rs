//! The disk of the database is full.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{
    failover::write_until_it_succeeds,
    log::wait_for_title_at_all,
    postgres::{expect_writes_to_be_refused, wait_for_readiness_of_server},
};
use crate::{
    castle::Castle,
    cluster::{PostgresCluster, find_postgres_binaries_directory},
    database::{DatabaseKind, RunDatabase},
    lab::Run,
    small_disk::SmallDisk,
};

/// Enough for a database with a few incidents, and soon full.
const DISK_MEGABYTES: u32 = 256;
/// Writes that are tried until one finds no room: what was allocated before has some.
const MOST_WRITES: usize = 400;

/// 27: the disk is full, then free again.
pub(super) async fn fill_disk_of_database(run: Run) -> Result<String> {
    let disk = SmallDisk::mount_with_megabytes(DISK_MEGABYTES).await?;
    // Behind the disk, so that its Postgres is stopped before the disk is gone: however this ends.
    let mut run = run;
    let admin_url = match run.kind {
        DatabaseKind::Postgres => {
            let binaries = find_postgres_binaries_directory().context("no Postgres binaries")?;
            let cluster =
                PostgresCluster::start_cluster_in_directory(binaries, disk.path()).await?;
            run.lab.cluster = Some(Arc::new(cluster));
            run.lab.find_admin_url_of_postgres()
        }
        DatabaseKind::Embedded => None,
    };
    let mut database = RunDatabase::create_for_one_run(admin_url).await?;
    database.data_directory = disk.path().join("data");
    let mut castle = Castle::build_castle_on_database(&run, &[], 6, database).await?;
    castle.add_crowd_of_clients(8).await?;
    castle.wait_until_all_caught_up().await?;
    disk.fill_disk_to_end()?;
    let accepted = write_until_one_refused(&castle).await?;
    let unready = wait_for_readiness_of_server(&castle, false).await?;
    let refused = expect_writes_to_be_refused(&castle, 4).await?;
    // Nothing brings it back by itself while the disk is full.
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(
        castle.rest.get_path_with_token("/health/ready", "").await?.status == 503,
        "ready again"
    );
    disk.free_space_of_disk()?;
    let recovered = write_until_it_succeeds(&castle, "when there was room again").await?;
    wait_for_title_at_all(&castle, "when there was room again").await?;
    wait_for_readiness_of_server(&castle, true).await?;
    let (_, text) = castle.settle_and_judge_histories().await?;
    // Before the disk: the server's files are on it.
    drop(castle);
    Ok(format!(
        "{accepted} writes found room, then all were refused, within {:.2} s; not ready {:.2} s later, until there was \
         room; writes worked again after {:.2} s. {text}",
        refused.as_secs_f64(),
        unready.as_secs_f64(),
        recovered.as_secs_f64()
    ))
}

/// What was allocated before has room for some; gives how many writes that took.
async fn write_until_one_refused(castle: &Castle) -> Result<usize> {
    for n in 0..MOST_WRITES {
        let body = serde_json::json!({
            "title": format!("on the last bytes {n}"), "description": "x".repeat(4_000)
        });
        let token = &castle.people[0].token;
        let answer = castle.rest.post_body_with_token("/api/incidents", token, &body).await?;
        match answer.status {
            201 => {}
            503 => return Ok(n),
            status => anyhow::bail!("{status}: {}", answer.text),
        }
    }
    anyhow::bail!("{MOST_WRITES} writes found room on a full disk")
}
