//! Locks and flags, which the tests of schedules take over.

#[cfg(not(test))]
pub(crate) use std::sync::atomic::AtomicBool;

#[cfg(test)]
pub(crate) use owlpost_interleaving::{AtomicBool, Mutex};
#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;
