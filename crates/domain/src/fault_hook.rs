//! For tests only: faults that no client can cause from outside.
//!
//! Compiled in, so that what is tested is what is shipped; inert unless `OWLPOST_FAULT` is set when the process
//! starts. Faults around the commit need no hook: the fault harness holds transactions with triggers and locks.

use std::{sync::LazyLock, thread};

use uuid::Uuid;

/// Value of `OWLPOST_FAULT` for which looking up the nil incident panics.
const PANIC_IN_HANDLER: &str = "panic_in_handler";
/// Value of `OWLPOST_FAULT` for which looking up the nil incident never gives its worker thread back.
const STUCK_WORKERS: &str = "stuck_workers";

static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("OWLPOST_FAULT").ok());

/// Causes the fault that is wanted, if one is, when the id is the nil UUID, which no incident has.
pub(crate) fn cause_wanted_fault_for_nil_id(id: Uuid) {
    if !id.is_nil() {
        return;
    }
    match WANTED.as_deref() {
        Some(PANIC_IN_HANDLER) => panic!("OWLPOST_FAULT={PANIC_IN_HANDLER}"),
        Some(STUCK_WORKERS) => loop {
            thread::park();
        },
        _ => {}
    }
}
