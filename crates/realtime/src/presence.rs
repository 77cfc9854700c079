//! Who is there: written to the database in groups, known in memory, told to others.
//!
//! `writer` commits the changes of this node's sockets, `lease` claims that they live, `view` decides what the news of
//! all nodes come to, `task` owns the view and tells what changed, `directory` is what readers see.

pub(crate) mod announcer;
pub(crate) mod departures;
pub(crate) mod directory;
pub(crate) mod lease;
pub(crate) mod task;
pub(crate) mod view;
pub(crate) mod writer;
