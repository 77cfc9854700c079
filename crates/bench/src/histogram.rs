//! Latencies, counted in buckets one part in thirty-two wide.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

const SUB_BITS: u32 = 5;
const BUCKETS: usize = (64 - SUB_BITS as usize) << SUB_BITS;

/// A histogram one thread writes and any thread reads.
pub struct Histogram {
    buckets: Box<[AtomicU64]>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record_one_latency_value(&self, nanos: u64) {
        self.buckets[bucket_of_nanos_value(nanos)].fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets everything.
    pub fn clear_all_latency_buckets(&self) {
        self.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
    }

    /// The latency `share` (0 to 1) of all are at or below; zero when there are none.
    pub fn quantile_of_all_latencies(&self, share: f64) -> Duration {
        let counts: Vec<u64> =
            self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let wanted = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper_nanos_of_bucket(bucket));
            }
        }
        Duration::ZERO
    }
}

fn bucket_of_nanos_value(nanos: u64) -> usize {
    let top = 63 - nanos.max(1).leading_zeros();
    if top < SUB_BITS {
        return nanos as usize;
    }
    let shift = top - SUB_BITS;
    (((shift + 1) as usize) << SUB_BITS) + ((nanos >> shift) as usize & ((1 << SUB_BITS) - 1))
}

fn upper_nanos_of_bucket(bucket: usize) -> u64 {
    let group = (bucket >> SUB_BITS) as u32;
    let within = (bucket & ((1 << SUB_BITS) - 1)) as u64;
    match group {
        0 => within,
        _ => (((1 << SUB_BITS) | within) << (group - 1)) + ((1 << (group - 1)) - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_find_quantiles_within_one_bucket() {
        let histogram = Histogram::default();
        (1..=1_000u64).for_each(|n| histogram.record_one_latency_value(n * 1_000_000));
        for share in [0.5, 0.95, 0.99] {
            let found = histogram.quantile_of_all_latencies(share).as_secs_f64();
            assert!((found / share - 1.0).abs() < 0.04, "{share}: {found}");
        }
    }
}
