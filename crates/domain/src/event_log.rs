//! The event log: written with the changes it tells of (`event_drafts`), read in the modules below.
//!
//! - [`history`]: which log this is: its epochs, and whether it is still the one it was;
//! - [`tail`]: the newest events, who is writing, and the fence that lets delivery go on past a writer that does not end;
//! - [`replay`]: what somebody missed.
//!
//! Positions come from a sequence, so two transactions can commit out of position order. Readers that must miss
//! nothing (see `owlpost-realtime`'s follower) treat a missing position as open until every transaction that was
//! writing to the log when they noticed has ended; [`crate::Store::list_open_log_writers`] tells which these are.

pub mod history;
pub mod replay;
pub mod tail;

use sqlx::FromRow;

use crate::{LoggedEvent, event_drafts::add_event_id_to_payload};

/// A row of the log, as it is read.
#[derive(FromRow)]
pub(crate) struct EventRow {
    pub(crate) position: i64,
    pub(crate) name: String,
    pub(crate) audience: Vec<String>,
    pub(crate) payload: String,
}

impl From<EventRow> for LoggedEvent {
    fn from(row: EventRow) -> Self {
        let payload = add_event_id_to_payload(&row.payload, row.position);
        Self::from_texts(row.position, &row.name, &row.audience, payload)
    }
}
