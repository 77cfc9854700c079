//! The delivery of an event, as a part of the trace of its commit.

use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Span;

/// Target of the spans that are traces, which a log does not show.
pub const TRACES: &str = "owlpost::traces";

/// The span of a delivery, from the commit until it was taken and dropped. Copies of an event share it: some are kept
/// for whoever comes back, which must not draw it out.
#[derive(Debug, Clone, Default)]
pub struct DeliverySpan(Option<Arc<Mutex<Span>>>);

impl DeliverySpan {
    /// A part of what is being done. Nothing when nobody traces.
    pub(crate) fn begin_within_current_span(event: &'static str) -> Self {
        let span = tracing::debug_span!(target: TRACES, "deliver", event);
        Self((!span.is_disabled()).then(|| Arc::new(Mutex::new(span))))
    }

    /// The span, for the first to ask.
    pub fn take_span_of_delivery(&self) -> Option<Span> {
        let span = self.0.as_ref()?;
        Some(std::mem::replace(&mut *span.lock(), Span::none()))
    }
}
