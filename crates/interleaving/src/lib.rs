//! What happens when threads meet in an order that no ordinary run finds: a test is run under thousands of schedules, each
//! another, on one thread of the machine.
//!
//! Code that is to be checked takes its locks and flags from here in its own tests, and from where they always come from
//! otherwise. Outside of [`check_test_under_schedules`] these are ordinary ones. Inside, every use of one is a point at which
//! another thread may go on. A wake-up that is lost shows as a schedule that does not end.

use std::{cell::Cell, fmt, sync::atomic::Ordering};

/// A schedule that has not ended after so many points waits for something that never comes.
const LONGEST_SCHEDULE: usize = 100_000;

thread_local! {
    static IS_SCHEDULED: Cell<bool> = const { Cell::new(false) };
}

/// Lets another thread of the test go on. Does nothing outside of a test of schedules.
pub fn let_others_go_on() {
    if IS_SCHEDULED.get() {
        shuttle::thread::yield_now();
    }
}

/// A thread of the test, and how it is started.
pub use shuttle::thread::{JoinHandle, spawn};

/// Runs `test` under so many schedules. Its threads are started with [`spawn`].
pub fn check_test_under_schedules(schedules: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::FailAfter(LONGEST_SCHEDULE);
    let scheduler = shuttle::scheduler::RandomScheduler::new(schedules);
    let run = move || {
        IS_SCHEDULED.set(true);
        test();
    };
    shuttle::Runner::new(scheduler, config).run(run);
    IS_SCHEDULED.set(false);
}

/// As `parking_lot::Mutex`, as far as it is used.
#[derive(Default)]
pub struct Mutex<T>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    /// A mutex in an unlocked state.
    pub const fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> parking_lot::MutexGuard<'_, T> {
        if !IS_SCHEDULED.get() {
            return self.0.lock();
        }
        loop {
            let_others_go_on();
            if let Some(guard) = self.0.try_lock() {
                return guard;
            }
        }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mutex(..)")
    }
}

/// As the atomic of the standard library, as far as it is used.
#[derive(Debug, Default)]
pub struct AtomicBool(std::sync::atomic::AtomicBool);

impl AtomicBool {
    /// A flag.
    pub const fn new(value: bool) -> Self {
        Self(std::sync::atomic::AtomicBool::new(value))
    }

    /// Reads it.
    pub fn load(&self, order: Ordering) -> bool {
        let_others_go_on();
        self.0.load(order)
    }

    /// Writes it.
    pub fn store(&self, value: bool, order: Ordering) {
        let_others_go_on();
        self.0.store(value, order);
    }

    /// Writes it, and gives what it was.
    pub fn swap(&self, value: bool, order: Ordering) -> bool {
        let_others_go_on();
        self.0.swap(value, order)
    }
}

/// Something to wake, and to wait for: a waker of it sets it.
#[derive(Debug, Default)]
pub struct Signal(AtomicBool);

impl Signal {
    /// Waits until it was set since it was last waited for.
    pub fn wait_until_next_wake(&self) {
        while !self.0.swap(false, Ordering::AcqRel) {
            let_others_go_on();
        }
    }
}

impl std::task::Wake for Signal {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    #[should_panic(expected = "a thread came in between")]
    fn should_find_what_happens_only_when_threads_meet() {
        check_test_under_schedules(1_000, || {
            let (one, two) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
            let (first, second) = (one.clone(), two.clone());
            let other = spawn(move || {
                first.store(true, Ordering::SeqCst);
                second.store(true, Ordering::SeqCst);
            });
            let between = one.load(Ordering::SeqCst) && !two.load(Ordering::SeqCst);
            assert!(!between, "a thread came in between");
            other.join().expect("it ends");
        });
    }

    #[test]
    #[should_panic(expected = "exceeded max_steps")]
    fn should_find_a_wait_that_never_ends() {
        check_test_under_schedules(1, || Signal::default().wait_until_next_wake());
    }
}
