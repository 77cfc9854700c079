//! Follows the log for one outlet: reads what is next, has it delivered, and writes down how far that came.

use std::time::Duration;

use chrono::{DateTime, Utc};
use owlpost_domain::{
    DomainError, Result,
    outlets::{cursor::OutletCursor, window::LogGap},
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    Decision, Ground, Outlet, OutletName, Progress, Setback, backoff::Backoff, metrics,
    window::WindowView,
};

/// Pause after a statement that failed.
const DATABASE_PAUSE: Duration = Duration::from_millis(500);
/// How long the position of an outlet that wanted nothing of what came may stay unwritten.
const SAVE_DELAY: Duration = Duration::from_secs(1);

/// Where an outlet begins that was never followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// At the end of the log: it is told of what comes from now on.
    EndOfLog,
    /// Nowhere: whoever made it has written its position, and when that is gone, so is the outlet.
    Written,
}

/// What becomes of the follower after a step.
enum Step {
    GoOn,
    Pause(Duration),
    /// Somebody has set the position, or the outlet is gone.
    Reopen,
    GiveUp,
}

/// Follows the log for an outlet until it is given up, or gone. It can be dropped at any time.
pub async fn follow_log_for_outlet(
    ground: &Ground,
    name: &OutletName,
    beginning: Beginning,
    outlet: &mut dyn Outlet,
) {
    let _followed = ground.list_outlet_as_followed(name);
    while let Some(cursor) = open_cursor_of_outlet(ground, name, beginning).await {
        let mut follower = Follower {
            ground,
            name,
            outlet: &mut *outlet,
            cursor,
            unsaved: None,
            was_delivered: false,
            backoff: Backoff::default(),
        };
        if follower.follow_log_from_cursor().await == End::GivenUp {
            return;
        }
    }
}

/// `None`: the outlet is gone.
async fn open_cursor_of_outlet(
    ground: &Ground,
    name: &OutletName,
    beginning: Beginning,
) -> Option<OutletCursor> {
    let store = ground.store();
    loop {
        let opened = async {
            match beginning {
                Beginning::EndOfLog => {
                    let end = ground.log().delivered_position();
                    store.open_outlet_cursor_from(name.as_str(), end).await.map(Some)
                }
                Beginning::Written => store.find_outlet_cursor_by_name(name.as_str()).await,
            }
        };
        match run_within_longest_wait(ground, opened).await {
            Ok(cursor) => return cursor,
            Err(error) => tracing::debug!(outlet = %name, %error, "its position cannot be read"),
        }
        sleep(DATABASE_PAUSE).await;
    }
}

async fn run_within_longest_wait<T>(
    ground: &Ground,
    call: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    tokio::time::timeout(ground.store().longest_wait_for_database(), call).await?
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Reopen,
    GivenUp,
}

struct Follower<'a> {
    ground: &'a Ground,
    name: &'a OutletName,
    outlet: &'a mut dyn Outlet,
    /// What is done with, in memory.
    cursor: OutletCursor,
    /// When the position must be written, if it is not.
    unsaved: Option<Instant>,
    /// Whether something was delivered since it was written.
    was_delivered: bool,
    backoff: Backoff,
}

impl Follower<'_> {
    async fn follow_log_from_cursor(&mut self) -> End {
        loop {
            let step = match self.tell_what_comes_next().await {
                Ok(step) => step,
                // Of the database, not of the outlet: whoever asks for readiness is told of it.
                Err(error) => {
                    tracing::debug!(outlet = %self.name, %error, "the log cannot be read for it");
                    Step::Pause(DATABASE_PAUSE)
                }
            };
            match step {
                Step::GoOn => {}
                Step::Pause(pause) => sleep(pause).await,
                Step::Reopen => return End::Reopen,
                Step::GiveUp => return End::GivenUp,
            }
        }
    }

    async fn tell_what_comes_next(&mut self) -> Result<Step> {
        if self.unsaved.is_some_and(|at| at <= Instant::now())
            && !self.write_cursor_position_down().await?
        {
            return Ok(Step::Reopen);
        }
        if self.ground.log().delivered_position() <= self.cursor.position {
            self.wait_for_log_or_writing().await;
            return Ok(Step::GoOn);
        }
        let limit = self.outlet.batch_events();
        let view =
            self.ground.window().read_view_after_position(self.cursor.position, limit).await?;
        if let Some(gap) = view.gap {
            return self.announce_gap_in_log(gap).await;
        }
        self.deliver_view_of_log(&view).await
    }

    async fn wait_for_log_or_writing(&mut self) {
        let beyond = self.ground.log().wait_for_position_beyond(self.cursor.position);
        match self.unsaved {
            Some(at) => tokio::select! {
                () = beyond => {}
                () = sleep_until(at) => {}
            },
            None => beyond.await,
        }
    }

    async fn deliver_view_of_log(&mut self, view: &WindowView) -> Result<Step> {
        let mut progress = Progress::default();
        let result = self.outlet.deliver(view.records(), &mut progress).await;
        let through = match &result {
            Ok(()) => view.through,
            Err(_) => progress.position_done().unwrap_or(self.cursor.position),
        };
        let taken = progress.events_taken();
        metrics::count_events_taken_outside(self.name.kind(), taken);
        if taken > 0 {
            self.note_success_of_delivery();
        }
        self.move_cursor_to_position(through, taken > 0);
        match result {
            Ok(()) if taken > 0 && !self.write_cursor_position_down().await? => Ok(Step::Reopen),
            Ok(()) => Ok(Step::GoOn),
            Err(setback) => self.handle_setback_of_delivery(&setback).await,
        }
    }

    async fn announce_gap_in_log(&mut self, gap: LogGap) -> Result<Step> {
        tracing::error!(
            outlet = %self.name, gap.from, gap.to,
            "events are gone from the log that the outlet was not told of: it was away for longer than they are kept"
        );
        if let Err(setback) = self.outlet.tell_of_gap(gap).await {
            return self.handle_setback_of_delivery(&setback).await;
        }
        metrics::count_gap_of_log(self.name.kind());
        self.note_success_of_delivery();
        self.move_cursor_to_position(gap.to, true);
        Ok(if self.write_cursor_position_down().await? { Step::GoOn } else { Step::Reopen })
    }

    fn note_success_of_delivery(&mut self) {
        self.backoff.note_success_of_attempt();
        if self.cursor.failing_since.take().is_some() {
            tracing::info!(outlet = %self.name, "events are delivered again");
        }
    }

    fn move_cursor_to_position(&mut self, through: i64, was_delivered: bool) {
        if through > self.cursor.position {
            self.cursor.position = through;
            self.unsaved.get_or_insert_with(|| Instant::now() + SAVE_DELAY);
        }
        self.was_delivered |= was_delivered;
    }

    /// False when somebody has set the position meanwhile, or the outlet is gone.
    async fn write_cursor_position_down(&mut self) -> Result<bool> {
        let OutletCursor { position, revision, .. } = self.cursor;
        let writing = self.ground.store().move_outlet_cursor_forward(
            self.name.as_str(),
            revision,
            position,
            self.was_delivered,
        );
        let written = run_within_longest_wait(self.ground, writing).await?;
        self.unsaved = None;
        self.was_delivered = false;
        Ok(written)
    }

    async fn handle_setback_of_delivery(&mut self, setback: &Setback) -> Result<Step> {
        metrics::count_delivery_that_failed(self.name.kind());
        let is_first = self.cursor.failing_since.is_none();
        let failing_since: DateTime<Utc> = *self.cursor.failing_since.get_or_insert_with(Utc::now);
        if is_first {
            tracing::warn!(outlet = %self.name, %setback, "events cannot be delivered; they are tried again, in order");
        }
        // What was taken before the setback, first: writing it down ends a time of failures, and this begins one.
        if self.unsaved.is_some() && !self.write_cursor_position_down().await? {
            return Ok(Step::Reopen);
        }
        let store = self.ground.store();
        let noting = store.note_outlet_delivery_failed(self.name.as_str(), &setback.reason);
        run_within_longest_wait(self.ground, noting).await?;
        if self.outlet.decide_after_setback(setback, failing_since).await == Decision::GiveUp {
            return Ok(Step::GiveUp);
        }
        let longest = self.outlet.longest_pause();
        let pause = self.backoff.draw_pause_after_failure(longest);
        Ok(Step::Pause(pause.max(setback.retry_after.unwrap_or_default().min(longest))))
    }
}

/// Whether a failure is worth telling: those of the database end by themselves.
impl From<DomainError> for Setback {
    fn from(error: DomainError) -> Self {
        Self::with_reason(error.to_string())
    }
}
