//! The newest stretch of the log that was read, for all outlets: those that are up to date ask for the same at the same moment.

use std::sync::Arc;

use owlpost_domain::{
    Result,
    outlets::window::{LogGap, LogRecord, LogWindow},
};
use owlpost_realtime::LogReader;
use tokio::sync::Mutex;

/// Events read at a time.
const WINDOW_EVENTS: u32 = 256;

/// A window that was read, and the position it comes after.
struct KeptWindow {
    after: i64,
    window: Arc<LogWindow>,
}

/// The last window that was read.
pub(crate) struct SharedWindow {
    log: LogReader,
    last: Mutex<Option<KeptWindow>>,
}

/// What comes after a position, within a window.
pub(crate) struct WindowView {
    window: Arc<LogWindow>,
    first: usize,
    end: usize,
    /// What is missing in front.
    pub(crate) gap: Option<LogGap>,
    /// Whoever has the events of this view has everything up to here.
    pub(crate) through: i64,
}

impl WindowView {
    pub(crate) fn records(&self) -> &[LogRecord] {
        &self.window.records[self.first..self.end]
    }

    /// What of the window comes after `position`, at most `limit` events.
    fn from_window_after_position(window: &Arc<LogWindow>, position: i64, limit: usize) -> Self {
        let first = window.records.partition_point(|record| record.event.position <= position);
        let end = window.records.len().min(first + limit);
        let is_whole = end == window.records.len();
        let last = window.records[first..end].last().map(|record| record.event.position);
        let through = if is_whole { window.through } else { last.unwrap_or(window.through) };
        let gap = window.gap.filter(|gap| gap.to > position);
        let gap = gap.map(|gap| LogGap { from: position + 1, to: gap.to });
        Self { window: window.clone(), first, end, gap, through }
    }
}

impl SharedWindow {
    pub(crate) fn new(log: LogReader) -> Self {
        Self { log, last: Mutex::new(None) }
    }

    /// What comes after `position`, at most `limit` events.
    pub(crate) async fn read_view_after_position(
        &self,
        position: i64,
        limit: usize,
    ) -> Result<WindowView> {
        let mut last = self.last.lock().await;
        let known =
            last.as_ref().filter(|kept| kept.after <= position && position < kept.window.through);
        let window = match known {
            Some(kept) => kept.window.clone(),
            None => {
                let window = self.log.read_window_after_position(position, WINDOW_EVENTS).await?;
                let window = Arc::new(window);
                *last = Some(KeptWindow { after: position, window: window.clone() });
                window
            }
        };
        Ok(WindowView::from_window_after_position(&window, position, limit))
    }
}

#[cfg(test)]
mod tests {
    use owlpost_domain::LoggedEvent;

    use super::*;

    fn window(positions: &[i64], gap: Option<LogGap>, through: i64) -> Arc<LogWindow> {
        let record = |position: &i64| LogRecord {
            event: LoggedEvent::from_texts(*position, "incident:created", &[], "{}".into()),
            written_at: chrono::DateTime::UNIX_EPOCH,
        };
        Arc::new(LogWindow { gap, records: positions.iter().map(record).collect(), through })
    }

    fn positions(view: &WindowView) -> Vec<i64> {
        view.records().iter().map(|record| record.event.position).collect()
    }

    #[test]
    fn should_end_a_view_where_its_last_event_is() {
        let window = window(&[11, 12, 15], None, 20);
        let whole = WindowView::from_window_after_position(&window, 10, 3);
        assert_eq!((positions(&whole), whole.through), (vec![11, 12, 15], 20));
        let cut = WindowView::from_window_after_position(&window, 10, 2);
        assert_eq!((positions(&cut), cut.through), (vec![11, 12], 12));
        let rest = WindowView::from_window_after_position(&window, 12, 2);
        assert_eq!((positions(&rest), rest.through), (vec![15], 20));
        let none = WindowView::from_window_after_position(&window, 15, 2);
        assert_eq!((positions(&none), none.through), (vec![], 20));
    }

    #[test]
    fn should_tell_of_a_gap_to_whoever_is_in_front_of_it() {
        let window = window(&[31], Some(LogGap { from: 11, to: 30 }), 31);
        let gap = |position| WindowView::from_window_after_position(&window, position, 9).gap;
        assert_eq!(gap(10), Some(LogGap { from: 11, to: 30 }));
        assert_eq!(gap(20), Some(LogGap { from: 21, to: 30 }));
        assert_eq!(gap(30), None);
    }
}
