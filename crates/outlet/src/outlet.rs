//! What somebody outside is, to whoever follows the log for them.

use std::{borrow::Cow, fmt, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use owlpost_domain::outlets::window::{LogGap, LogRecord};

/// Name of an outlet: its kind, and which one of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletName {
    kind: &'static str,
    text: Cow<'static, str>,
}

impl OutletName {
    /// The only outlet of its kind.
    pub const fn of_kind(kind: &'static str) -> Self {
        Self { kind, text: Cow::Borrowed(kind) }
    }

    /// One of many, by the name of its row in `event_outlets`.
    pub const fn with_text(kind: &'static str, text: String) -> Self {
        Self { kind, text: Cow::Owned(text) }
    }

    /// The kind, as metrics name it.
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// The name of its row in `event_outlets`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for OutletName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why something was not taken. Shown to Aurors: it holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct Setback {
    /// In words.
    pub reason: String,
    /// How long whoever did not take it wants to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether they do not want to be told anything any more.
    pub is_for_good: bool,
}

impl Setback {
    /// One after which it is tried again.
    pub fn with_reason(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), retry_after: None, is_for_good: false }
    }
}

/// How far a delivery came, also when it did not come to its end.
#[derive(Debug, Default)]
pub struct Progress {
    through: Option<i64>,
    delivered: u64,
}

impl Progress {
    /// The event at this position was taken, and so was or will never be everything before it.
    pub const fn note_event_was_taken(&mut self, position: i64) {
        self.through = Some(position);
        self.delivered += 1;
    }

    /// The event at this position is none that they want.
    pub const fn note_event_was_unwanted(&mut self, position: i64) {
        self.through = Some(position);
    }

    /// The last position that is done with.
    pub(crate) const fn position_done(&self) -> Option<i64> {
        self.through
    }

    /// How many events were taken.
    pub(crate) const fn events_taken(&self) -> u64 {
        self.delivered
    }
}

/// What to do after a setback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The same again, after a pause.
    TryAgain,
    /// Nothing any more: the outlet was switched off.
    GiveUp,
}

/// Somebody outside who is told what happens.
///
/// The follower calls one method at a time, from one task, and keeps the position in the database: what was noted as taken is not
/// offered again, and everything else is, also after a crash and at another node. So whoever is told can hear of an event twice, and
/// tells by its `eventId`. A method may take long, but not for ever: whatever it waits for has a time limit. It may be dropped at
/// any point where it waits: somebody else publishes, or the server stops.
///
/// ```
/// # use owlpost_outlet::{Outlet, Progress, Setback};
/// # use owlpost_domain::outlets::window::{LogGap, LogRecord};
/// struct Printer;
///
/// #[async_trait::async_trait]
/// impl Outlet for Printer {
///     async fn deliver(&mut self, records: &[LogRecord], progress: &mut Progress) -> Result<(), Setback> {
///         for record in records {
///             tracing::info!(event = record.event.name.as_str(), payload = &*record.event.payload);
///             progress.note_event_was_taken(record.event.position);
///         }
///         Ok(())
///     }
///
///     async fn tell_of_gap(&mut self, gap: LogGap) -> Result<(), Setback> {
///         tracing::info!(gap.from, gap.to, "these are gone");
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Outlet: Send {
    /// Tells of events, which come in log order, and notes how far that came. `Ok` says that all of them are done with.
    async fn deliver(
        &mut self,
        records: &[LogRecord],
        progress: &mut Progress,
    ) -> Result<(), Setback>;

    /// Tells that events are missing: the log was trimmed before they could be told.
    async fn tell_of_gap(&mut self, gap: LogGap) -> Result<(), Setback>;

    /// Decides what comes of a setback; nothing was taken since `failing_since`.
    async fn decide_after_setback(
        &mut self,
        _setback: &Setback,
        _failing_since: DateTime<Utc>,
    ) -> Decision {
        Decision::TryAgain
    }

    /// Events offered at a time, at most.
    fn batch_events(&self) -> usize {
        256
    }

    /// The longest pause between two attempts.
    fn longest_pause(&self) -> Duration {
        Duration::from_secs(10)
    }
}
