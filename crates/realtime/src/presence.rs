//! Who is there: written to the database in groups, known in memory, told to others.

pub(crate) mod announcer;
pub(crate) mod departures;
pub(crate) mod lease;
pub(crate) mod view;
pub(crate) mod writer;
