//! The judge at its bounds, with a clock of its own.

use super::*;

const TIMEOUT: Duration = Duration::from_millis(1000);
const PAUSE: Duration = Duration::from_millis(25);

struct Watch {
    judge: Judge,
    now: Instant,
}

impl Watch {
    fn new() -> Self {
        let now = Instant::now();
        Self { judge: Judge::new(TIMEOUT, PAUSE, now), now }
    }

    /// Looks after `elapsed`; how long each of the workers stands still, if it does.
    fn look_after_time_at(&mut self, elapsed: Duration, workers: &[Beat]) -> Vec<(usize, u64)> {
        self.now += elapsed;
        let still = self.judge.judge_beats_at_look(self.now, workers);
        let as_number = |(watched, time): (Watched, Duration)| match watched {
            Watched::Worker(worker) => (worker, u64::try_from(time.as_millis()).expect("short")),
            other => panic!("{other:?} was not looked at"),
        };
        still.into_iter().map(as_number).collect()
    }
}

fn busy_worker_at_progress(worker: usize, progress: u64) -> Beat {
    Beat { watched: Watched::Worker(worker), progress: (progress, Duration::ZERO), resting: false }
}

#[test]
fn should_find_one_of_two_workers_at_the_bound_and_not_before() {
    let mut watch = Watch::new();
    for look in 0..40 {
        let beats = [busy_worker_at_progress(0, 7), busy_worker_at_progress(1, look)];
        // The first look shows where it is; from then on its time counts.
        assert_eq!(watch.look_after_time_at(PAUSE, &beats), [], "after {look} pauses");
    }
    let beats = [busy_worker_at_progress(0, 7), busy_worker_at_progress(1, 40)];
    assert_eq!(watch.look_after_time_at(PAUSE, &beats), [(0, 1000)]);
}

#[test]
fn should_notice_that_a_worker_came_back() {
    let mut watch = Watch::new();
    while watch.look_after_time_at(PAUSE, &[busy_worker_at_progress(0, 7)]).is_empty() {}
    assert_eq!(watch.look_after_time_at(PAUSE, &[busy_worker_at_progress(0, 8)]), []);
    assert_eq!(watch.look_after_time_at(PAUSE, &[busy_worker_at_progress(0, 8)]), []);
}

#[test]
fn should_take_time_that_was_worked_as_progress() {
    let mut watch = Watch::new();
    for look in 0..200 {
        // Under constant load a worker never rests, but its busy time grows.
        let beat =
            Beat { progress: (2, Duration::from_millis(look)), ..busy_worker_at_progress(0, 2) };
        assert_eq!(watch.look_after_time_at(PAUSE, &[beat]), []);
    }
}

#[test]
fn should_let_workers_without_work_rest_for_ever() {
    let mut watch = Watch::new();
    for _ in 0..200 {
        let beat = Beat { resting: true, ..busy_worker_at_progress(0, 7) };
        assert_eq!(watch.look_after_time_at(PAUSE, &[beat]), []);
    }
    // Its time begins when it has something to do.
    for _ in 0..39 {
        assert_eq!(watch.look_after_time_at(PAUSE, &[busy_worker_at_progress(0, 7)]), []);
    }
    assert_eq!(watch.look_after_time_at(PAUSE, &[busy_worker_at_progress(0, 7)]), [(0, 1000)]);
}

#[test]
fn should_not_count_time_in_which_the_whole_process_was_stopped() {
    let mut watch = Watch::new();
    let beats = [busy_worker_at_progress(0, 7)];
    watch.look_after_time_at(PAUSE, &beats);
    assert_eq!(watch.look_after_time_at(Duration::from_secs(3600), &beats), []);
    // The hour counted as four pauses: 36 are left.
    for _ in 0..35 {
        assert_eq!(watch.look_after_time_at(PAUSE, &beats), []);
    }
    assert_eq!(watch.look_after_time_at(PAUSE, &beats), [(0, 1000)]);
}
