//! How often each call is made.

use owlpost_metrics::CLIENT_EVENTS;

use crate::calls::ClientCall;

/// Begins the counter of a request that one protocol alone has at zero.
pub fn begin_counter_of_request(name: &'static str) {
    count_calls_by_name(name, 0);
}

/// Begins the counters of each call a client may make at zero.
pub(crate) fn begin_counters_of_calls() {
    let known = ClientCall::ALL.iter().map(|call| call.as_event_name());
    known.chain(["unknown"]).for_each(|name| count_calls_by_name(name, 0));
}

pub(crate) fn count_calls_by_name(name: &'static str, calls: u64) {
    metrics::counter!(CLIENT_EVENTS, "event" => name).increment(calls);
}
