//! The position a node begins with: one below which nothing is open. A commit that was under way when the node began
//! would otherwise appear below what the node takes for delivered, and its sessions would never hear of it.

use std::{collections::HashSet, time::Duration};

use owlpost_domain::{DomainError, Result, event_log::history::LogExtent};
use tokio::time::{Instant, sleep};

use super::source::LogSource;

/// Pause between two looks at transactions that were writing when the node began.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// How often the epoch is looked at again before somebody else is asked to mend it.
const EPOCH_LOOKS: u32 = 5;

/// The extent of the log when everything up to its last position is settled: each transaction that was writing has
/// ended, or, after `limit`, its positions are fenced. Begins a new epoch when the log is not as its epoch began.
pub(crate) async fn settle_end_of_log(
    source: &impl LogSource,
    limit: Duration,
) -> Result<LogExtent> {
    let extent = find_extent_of_epoch(source).await?;
    let deadline = Instant::now() + limit;
    // Listed after the extent was read: who draws a position later draws a higher one.
    let mut open: HashSet<String> = source.list_writers().await?;
    while !open.is_empty() {
        if Instant::now() >= deadline {
            let writers = source.describe_writers().await?;
            tracing::warn!(
                ?writers,
                position = extent.last_position,
                "the log is fenced: transactions that do not end"
            );
            source.fence_through(extent.last_position).await?;
            break;
        }
        sleep(LOOK_PAUSE).await;
        let writing = source.list_writers().await?;
        open.retain(|writer| writing.contains(writer));
    }
    Ok(extent)
}

async fn find_extent_of_epoch(source: &impl LogSource) -> Result<LogExtent> {
    for _ in 0..EPOCH_LOOKS {
        let extent = source.read_extent().await?;
        if extent.is_as_begun {
            return Ok(extent);
        }
        source.begin_epoch_after_restore().await?;
    }
    Err(DomainError::Unavailable("the event log changes its identity all the time".into()))
}
