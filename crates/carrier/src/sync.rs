//! Locks, which the tests of schedules take over.

#[cfg(test)]
pub(crate) use owlpost_interleaving::Mutex;
#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;
