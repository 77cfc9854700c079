//! Lines for whoever started the program.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

/// Prints a line on stdout. A line that cannot be written is dropped: a run goes on when its terminal closes, and ends
/// its servers as it should.
#[expect(clippy::disallowed_methods, reason = "the one place where stdout is written")]
pub fn print_line_on_stdout(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a line on stderr, or drops it.
#[expect(clippy::disallowed_methods, reason = "the one place where stderr is written")]
pub fn print_line_on_stderr(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
