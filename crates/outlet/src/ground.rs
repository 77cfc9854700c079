//! What all outlets of a node stand on.

use std::{collections::BTreeMap, sync::Arc};

use owlpost_domain::Store;
use owlpost_realtime::{LogReader, Realtime};
use parking_lot::Mutex;

use crate::{OutletName, window::SharedWindow};

/// The core, the log, and which outlets are followed at present. Cheap to clone.
#[derive(Clone)]
pub struct Ground(Arc<Shared>);

struct Shared {
    core: Realtime,
    log: LogReader,
    window: SharedWindow,
    followed: Mutex<BTreeMap<String, &'static str>>,
}

impl Ground {
    /// The ground of a node.
    pub fn new(core: Realtime) -> Self {
        let log = core.log_reader();
        let window = SharedWindow::new(log.clone());
        Self(Arc::new(Shared { core, log, window, followed: Mutex::default() }))
    }

    /// The core of the node.
    pub fn core(&self) -> &Realtime {
        &self.0.core
    }

    /// The domain.
    pub fn store(&self) -> &Store {
        self.0.core.store()
    }

    /// The log.
    pub fn log(&self) -> &LogReader {
        &self.0.log
    }

    pub(crate) fn window(&self) -> &SharedWindow {
        &self.0.window
    }

    /// Says that an outlet is followed, until what it gives is dropped.
    pub(crate) fn list_outlet_as_followed(&self, name: &OutletName) -> Followed {
        self.0.followed.lock().insert(name.as_str().to_owned(), name.kind());
        Followed { ground: self.clone(), name: name.as_str().to_owned() }
    }

    /// Names and kinds of the outlets that are followed.
    pub(crate) fn list_followed_outlets_by_name(&self) -> BTreeMap<String, &'static str> {
        self.0.followed.lock().clone()
    }
}

/// An outlet that is followed.
pub(crate) struct Followed {
    ground: Ground,
    name: String,
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.ground.0.followed.lock().remove(&self.name);
    }
}
