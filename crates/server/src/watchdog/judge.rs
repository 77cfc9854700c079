//! From looks at the runtime to what stands still, and for how long.

use std::time::{Duration, Instant};

use super::pulse::{Beat, Watched};

/// A look that comes later than so many pauses counts as one that came after so many: the watchdog itself was not
/// running in between, and neither, then, was anybody else (the process was stopped, the machine slept).
const LONGEST_STEP_PAUSES: u32 = 4;

/// Remembers the beats of the last look.
#[derive(Debug)]
pub(super) struct Judge {
    timeout: Duration,
    longest_step: Duration,
    last_look: Instant,
    pulses: Vec<Pulse>,
}

#[derive(Debug)]
struct Pulse {
    progress: (u64, Duration),
    still_for: Duration,
}

impl Judge {
    /// A judge for whom something stands still after `timeout`, and who looks every `pause`.
    pub(super) fn new(timeout: Duration, pause: Duration, now: Instant) -> Self {
        Self {
            timeout,
            longest_step: pause * LONGEST_STEP_PAUSES,
            last_look: now,
            pulses: Vec::new(),
        }
    }

    /// Compares the beats, always of the same things in the same order, with those of the look before. What stands
    /// still at the timeout or beyond comes out, with the time.
    pub(super) fn judge_beats_at_look(
        &mut self,
        now: Instant,
        beats: &[Beat],
    ) -> Vec<(Watched, Duration)> {
        let step = now.saturating_duration_since(self.last_look).min(self.longest_step);
        self.last_look = now;
        let new_pulse = |beat: &Beat| Pulse { progress: beat.progress, still_for: Duration::ZERO };
        if self.pulses.is_empty() {
            // From the first look on, not from before it.
            self.pulses.extend(beats.iter().map(new_pulse));
            return Vec::new();
        }
        let mut still = Vec::new();
        for (pulse, beat) in self.pulses.iter_mut().zip(beats) {
            if beat.resting || beat.progress != pulse.progress {
                *pulse = new_pulse(beat);
            } else {
                pulse.still_for += step;
            }
            if pulse.still_for >= self.timeout {
                still.push((beat.watched, pulse.still_for));
            }
        }
        still
    }
}

#[cfg(test)]
mod tests;
