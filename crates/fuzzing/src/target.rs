//! A property, and what it is checked with.

use std::{cell::Cell, sync::Once};

use crate::watch::{Bounds, Watch, abort_process_with_reason};

/// Mutations of the corpus that a seeded run checks, unless the target says otherwise.
#[cfg(not(fuzzing))]
const SEEDED_INPUTS: usize = 5_000;
/// Bytes of an input that are shown where it is a finding; the file has all of them.
#[cfg(not(fuzzing))]
const SHOWN_BYTES: usize = 200;
/// Asks each target for its name instead of running it.
#[cfg(fuzzing)]
const LIST_VARIABLE: &str = "OWLPOST_FUZZ_LIST";

thread_local! {
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

/// A property that must hold for any bytes.
#[derive(Debug, Clone, Copy)]
pub struct FuzzTarget {
    name: &'static str,
    #[cfg(not(fuzzing))]
    seeded_inputs: usize,
}

impl FuzzTarget {
    /// The target whose corpus is the folder of this name.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            #[cfg(not(fuzzing))]
            seeded_inputs: SEEDED_INPUTS,
        }
    }

    /// How many mutations of the corpus `make test` checks: fewer where one takes long.
    #[must_use]
    pub const fn with_seeded_inputs(self, inputs: usize) -> Self {
        #[cfg(not(fuzzing))]
        return Self { seeded_inputs: inputs, ..self };
        #[cfg(fuzzing)]
        {
            let _ = inputs;
            self
        }
    }

    /// Checks the corpus and its mutations; under `make fuzz`, what libFuzzer comes up with until its time is over.
    ///
    /// # Panics
    ///
    /// When `check` does, having said where the input is; also when the panic was caught before it got there, as a
    /// runtime does for its tasks.
    pub fn check_each_fuzzed_input(self, check: impl Fn(&[u8]) + 'static) {
        #[cfg(fuzzing)]
        if std::env::var_os(LIST_VARIABLE).is_some() {
            return self.print_target_of_test();
        }
        note_panics_of_thread();
        let name = self.name;
        let stop = move |reason: &str| abort_process_with_reason(name, reason);
        let watch = Watch::new(name, Bounds::default(), stop).expect("a file for the input");
        self.check_inputs_under_watch(watch, check);
    }

    #[cfg(not(fuzzing))]
    fn check_inputs_under_watch(self, mut watch: Watch, check: impl Fn(&[u8])) {
        use std::panic::{AssertUnwindSafe, catch_unwind};

        use crate::{corpus::read_corpus_of_target, mutation::Mutator};

        let corpus = read_corpus_of_target(self.name);
        let mut mutator = Mutator::new(self.name, &corpus);
        let mutations = (0..self.seeded_inputs)
            .map(|number| (format!("mutation {number}"), mutator.make_next_mutated_input()));
        for (label, input) in corpus.iter().cloned().chain(mutations) {
            watch.begin_input_at_hand(&input);
            let checked = catch_unwind(AssertUnwindSafe(|| check(&input)));
            watch.end_input_at_hand();
            if checked.is_err() || PANICKED.take() {
                let path = watch.keep_input_as_finding();
                panic!(
                    "fuzz target {}: {label} breaks the property; it is kept in {}: b\"{}\"",
                    self.name,
                    path.display(),
                    input[..input.len().min(SHOWN_BYTES)].escape_ascii()
                );
            }
        }
    }

    #[cfg(fuzzing)]
    fn check_inputs_under_watch(self, mut watch: Watch, check: impl Fn(&[u8]) + 'static) {
        crate::libfuzzer::run_libfuzzer_until_time(move |input| {
            watch.begin_input_at_hand(input);
            check(input);
            if PANICKED.take() {
                abort_process_with_reason(self.name, "something panicked, and was caught");
            }
            watch.end_input_at_hand();
        });
    }

    /// For the script behind `make fuzz`.
    #[cfg(fuzzing)]
    #[allow(clippy::disallowed_methods, reason = "the script reads it, or there is nobody to tell")]
    fn print_target_of_test(self) {
        use std::io::Write as _;

        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let _ = writeln!(std::io::stdout(), "\nfuzz target {} is {test}", self.name);
    }
}

/// Marks this thread when it panics, whoever catches that.
fn note_panics_of_thread() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICKED.set(true);
            before(panic);
        }));
    });
    PANICKED.set(false);
}

#[cfg(all(test, not(fuzzing)))]
mod tests {
    use std::{
        cell::RefCell,
        fs,
        panic::{AssertUnwindSafe, catch_unwind},
        rc::Rc,
    };

    use super::*;

    #[test]
    fn should_check_the_corpus_and_so_many_mutations_of_it() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let sees = seen.clone();
        FuzzTarget::new("example")
            .with_seeded_inputs(100)
            .check_each_fuzzed_input(move |input| sees.borrow_mut().push(input.to_vec()));
        let seen = seen.take();
        assert_eq!(seen.len(), 102);
        assert_eq!(seen[..2], [b"owl".to_vec(), b"post".to_vec()]);
    }

    fn find_reason_of_failure(check: impl Fn(&[u8]) + 'static) -> String {
        let broken = catch_unwind(AssertUnwindSafe(|| {
            FuzzTarget::new("example").check_each_fuzzed_input(check);
        }));
        *broken.expect_err("broken").downcast::<String>().expect("a text")
    }

    fn find_path_in_reason(reason: &str) -> &str {
        let path = reason.split("kept in ").nth(1).and_then(|text| text.split(": b\"").next());
        path.expect("a path")
    }

    #[test]
    fn should_keep_the_input_that_breaks_a_property() {
        let reason = find_reason_of_failure(|input| assert!(input != b"post"));
        assert!(reason.contains("post breaks the property") && reason.contains("b\"post\""));
        let path = find_path_in_reason(&reason);
        assert_eq!(fs::read(path).expect("the input"), b"post");
        fs::remove_file(path).expect("removed");
    }

    #[test]
    fn should_find_a_panic_that_somebody_caught() {
        let reason = find_reason_of_failure(|_| drop(catch_unwind(|| panic!("caught"))));
        assert!(reason.contains("owl breaks the property"));
        fs::remove_file(find_path_in_reason(&reason)).expect("removed");
    }
}
