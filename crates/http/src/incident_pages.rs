//! Pages of incidents as they are sent: read once for all who ask for the same at the same time, and kept for a moment while
//! this node knows that nothing changes.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use axum::body::Bytes;
use owlpost_domain::{Result, incident_list::IncidentFilter, shared_reads::SharedReads};
use owlpost_realtime::{KnownIncidents, ReadingMark};
use parking_lot::Mutex;

/// How long a page is kept. What is written without a server, as by an import, is found this much later at most.
const KEPT_TIME: Duration = Duration::from_secs(1);
/// Bytes of all pages that are kept; for one page more, all are dropped.
const KEPT_BYTES: usize = 8 << 20;

/// The pages that a server reads and keeps.
#[derive(Default)]
pub(crate) struct IncidentPages {
    reads: SharedReads<IncidentFilter, Bytes>,
    kept: Arc<Mutex<KeptPages>>,
}

#[derive(Default)]
struct KeptPages {
    pages: HashMap<IncidentFilter, (Bytes, ReadingMark)>,
    bytes: usize,
}

impl IncidentPages {
    /// A page that is kept, or what `read` gives for all who wait for it.
    pub(crate) async fn find_or_read_page<F>(
        &self,
        known: &Arc<KnownIncidents>,
        filter: IncidentFilter,
        read: impl Fn() -> F + Send + 'static,
    ) -> Result<Bytes>
    where
        F: Future<Output = Result<Bytes>> + Send + 'static,
    {
        if let Some((page, mark)) = self.kept.lock().pages.get(&filter)
            && known.has_nothing_changed_since(*mark, KEPT_TIME)
        {
            return Ok(page.clone());
        }
        let (kept, known, key) = (self.kept.clone(), known.clone(), filter.clone());
        let read_and_keep = move || {
            let (kept, key) = (kept.clone(), key.clone());
            let mark = known.begin_reading_of_database();
            let reading = read();
            async move {
                let page = reading.await?;
                kept.lock().keep_page_of_filter(key, page.clone(), mark);
                Ok(page)
            }
        };
        self.reads.read_value_with_others(filter, read_and_keep).await
    }
}

impl KeptPages {
    fn keep_page_of_filter(&mut self, filter: IncidentFilter, page: Bytes, mark: ReadingMark) {
        if page.len() > KEPT_BYTES {
            return;
        }
        if let Some((former, _)) = self.pages.remove(&filter) {
            self.bytes -= former.len();
        }
        if self.bytes + page.len() > KEPT_BYTES {
            *self = Self::default();
        }
        self.bytes += page.len();
        self.pages.insert(filter, (page, mark));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter_with_limit(limit: u32) -> IncidentFilter {
        IncidentFilter { limit, ..Default::default() }
    }

    #[test]
    fn should_keep_no_more_bytes_than_its_bound() {
        let mark = KnownIncidents::default().begin_reading_of_database();
        let mut kept = KeptPages::default();
        let page = |bytes: usize| Bytes::from(vec![b' '; bytes]);
        kept.keep_page_of_filter(filter_with_limit(1), page(KEPT_BYTES), mark);
        kept.keep_page_of_filter(filter_with_limit(1), page(KEPT_BYTES - 1), mark);
        kept.keep_page_of_filter(filter_with_limit(2), page(1), mark);
        assert_eq!((kept.pages.len(), kept.bytes), (2, KEPT_BYTES));
        kept.keep_page_of_filter(filter_with_limit(3), page(KEPT_BYTES + 1), mark);
        assert_eq!((kept.pages.len(), kept.bytes), (2, KEPT_BYTES), "too long to be kept");
        kept.keep_page_of_filter(filter_with_limit(4), page(1), mark);
        assert_eq!((kept.pages.len(), kept.bytes), (1, 1));
    }
}
