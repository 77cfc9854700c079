//! Fuzz targets are ordinary tests: a name, and a property that must hold for any bytes.
//!
//! A target lives in a module called `fuzz` beside the code that reads the bytes, so that it reaches what is private:
//!
//! ```
//! owlpost_fuzzing::FuzzTarget::new("example").check_each_fuzzed_input(|bytes| {
//!     let text = String::from_utf8_lossy(bytes);
//!     assert!(text.chars().count() <= bytes.len());
//! });
//! ```
//!
//! The same test runs in two ways. `make test` takes each file of `corpus/<name>/` and then some thousand mutations of
//! them, always the same ones (`mutation`). `make fuzz` builds it with `--cfg fuzzing` and coverage counters, and
//! libFuzzer looks for inputs that reach code no input has reached before. In both, `watch` keeps the input at hand
//! in a file and ends the process when one input takes too long or too much memory: a hang, an overflow of the stack
//! and an allocation without bound are findings like a panic, and leave their input behind.
//!
//! An input that was found becomes a file of the corpus, under a name that says what it shows, and an ordinary test.

mod choices;
#[cfg(any(not(fuzzing), test))]
mod corpus;
#[cfg(fuzzing)]
mod libfuzzer;
#[cfg(any(not(fuzzing), test))]
mod mutation;
mod target;
mod watch;

pub use choices::Choices;
pub use target::FuzzTarget;
