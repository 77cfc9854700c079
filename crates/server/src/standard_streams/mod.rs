//! Everything that is written to stdout and stderr.
//!
//! Whoever reads them may go away, stop reading, or sit on a full disk. None of that may fail a request, hold up a
//! worker or keep the process from ending, so nothing here panics, and the server itself never waits for a reader.
//!
//! - [`line_queue`]: lines on their way to a stream, bounded, with what was lost counted;
//! - [`line_writer`]: the thread that writes them;
//! - [`mod@print`]: lines for the person who started the program.

pub mod line_queue;
pub mod line_writer;
pub mod print;

pub use line_writer::LineWriter;
pub use print::{announce_text_on_stdout, print_line_to_stdout, write_line_to_stderr};

use std::{
    fs::File,
    io,
    os::fd::{AsFd as _, OwnedFd},
};

/// Stdout as a descriptor of its own. The one of the standard library has a lock, which a thread that waits for the
/// reader would hold against all others, and a buffer, which is written when the process ends.
#[expect(clippy::disallowed_methods, reason = "the one place where stdout is opened")]
fn open_stdout_without_lock() -> io::Result<File> {
    duplicate_stream_as_file(io::stdout().as_fd().try_clone_to_owned())
}

/// Stderr as a descriptor of its own, for the same reason.
#[expect(clippy::disallowed_methods, reason = "the one place where stderr is opened")]
pub(crate) fn open_stderr_without_lock() -> io::Result<File> {
    duplicate_stream_as_file(io::stderr().as_fd().try_clone_to_owned())
}

fn duplicate_stream_as_file(descriptor: io::Result<OwnedFd>) -> io::Result<File> {
    descriptor.map(File::from)
}
