//! Lines for the person, or the script, that started the program.

use std::{
    fmt::Display,
    io::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use anyhow::Context as _;

use super::{open_stderr_without_lock, open_stdout_without_lock};

static LOST_ANNOUNCEMENT_LINES: AtomicU64 = AtomicU64::new(0);

/// Prints a line of a command on stdout, waiting for its reader. A reader that has gone, such as `head`, is no failure:
/// it has seen what it wanted. Fails when the line cannot be written for another reason, such as a full disk.
pub fn print_line_to_stdout(line: impl Display) -> anyhow::Result<()> {
    let text = format!("{line}\n");
    match open_stdout_without_lock().and_then(|mut stdout| stdout.write_all(text.as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("stdout cannot be written"),
    }
}

/// Writes the text of a running server to stdout from a thread of its own, since its reader may be away or slow. Lines
/// that cannot be written are counted.
pub fn announce_text_on_stdout(text: String) {
    let lines = text.lines().count() as u64;
    let write = move || {
        let written =
            open_stdout_without_lock().and_then(|mut stdout| stdout.write_all(text.as_bytes()));
        if written.is_err() {
            LOST_ANNOUNCEMENT_LINES.fetch_add(lines, Ordering::Relaxed);
        }
    };
    if thread::Builder::new().name("owlpost-stdout".to_owned()).spawn(write).is_err() {
        LOST_ANNOUNCEMENT_LINES.fetch_add(lines, Ordering::Relaxed);
    }
}

/// Lines of [`announce_text_on_stdout`] that could not be written.
pub fn count_lost_announcement_lines() -> u64 {
    LOST_ANNOUNCEMENT_LINES.load(Ordering::Relaxed)
}

/// Writes a line to stderr, waiting for its reader: for the time before there is a log. When it cannot be written,
/// nobody can be told.
pub fn write_line_to_stderr(line: impl Display) {
    let text = format!("{line}\n");
    let _ = open_stderr_without_lock().and_then(|mut stderr| stderr.write_all(text.as_bytes()));
}
