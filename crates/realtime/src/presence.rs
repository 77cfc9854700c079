//! Who is there: written to the database in groups, known in memory, told to others.
//!
//! `queue` gathers the changes of this node's sockets and `writer` commits them, `lease` claims that they live, `view`
//! decides what the news of all nodes come to, `task` reads its `inbox`, owns the view and tells what changed within its
//! `budget`, `entrance` tells those who enter a room who is in there, `directory` is what readers see. `store` is the
//! database as all of them see it.

pub(crate) mod announcer;
pub(crate) mod budget;
pub(crate) mod departures;
pub(crate) mod directory;
pub(crate) mod entrance;
pub(crate) mod inbox;
pub(crate) mod lease;
pub(crate) mod queue;
pub(crate) mod store;
pub(crate) mod task;
pub(crate) mod view;
pub(crate) mod writer;
