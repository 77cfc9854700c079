//! What is counted of outlets, by their kind. Names and their meaning are in `owlpost_metrics`.

use std::collections::BTreeMap;

use owlpost_domain::outlets::cursor::OutletLag;
use owlpost_metrics::*;

pub(crate) fn count_events_taken_outside(kind: &'static str, events: u64) {
    metrics::counter!(OUTLET_EVENTS, "outlet" => kind).increment(events);
}

pub(crate) fn count_delivery_that_failed(kind: &'static str) {
    metrics::counter!(OUTLET_FAILURES, "outlet" => kind).increment(1);
}

pub(crate) fn count_gap_of_log(kind: &'static str) {
    metrics::counter!(OUTLET_GAPS, "outlet" => kind).increment(1);
}

/// Shows where the outlets of a kind are: the last of them, and the furthest behind.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn show_lags_of_kinds(kinds: &BTreeMap<String, &'static str>, lags: &[OutletLag]) {
    let mut shown: BTreeMap<&'static str, (i64, i64)> = BTreeMap::new();
    for lag in lags {
        let Some(kind) = kinds.get(&lag.name) else { continue };
        let (position, behind) = shown.entry(kind).or_insert((lag.position, 0));
        *position = lag.position.min(*position);
        *behind = lag.lag_events.max(*behind);
    }
    for (kind, (position, behind)) in shown {
        metrics::gauge!(OUTLET_POSITION, "outlet" => kind).set(position as f64);
        metrics::gauge!(OUTLET_LAG, "outlet" => kind).set(behind as f64);
    }
}

/// Shows that this node publishes nothing of a kind.
pub(crate) fn show_kind_is_left(kind: &'static str) {
    metrics::gauge!(OUTLET_POSITION, "outlet" => kind).set(0.0);
    metrics::gauge!(OUTLET_LAG, "outlet" => kind).set(0.0);
}
