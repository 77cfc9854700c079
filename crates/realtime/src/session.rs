//! The life of a session: how it opens, what time and changes of its user do to it, and how it is read as a stream.

pub(crate) mod expiry;
pub(crate) mod opening;
pub(crate) mod recovery;
pub(crate) mod stream;
pub(crate) mod topic_replay;
pub(crate) mod user_changes;
