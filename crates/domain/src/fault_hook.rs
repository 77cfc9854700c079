//! For tests only: faults that no client can cause from outside.
//!
//! Compiled in, so that what is tested is what is shipped; inert unless `OWLPOST_FAULT` is set when the process
//! starts. Faults around the commit need no hook: the fault harness holds transactions with triggers and locks.

use std::sync::LazyLock;

use uuid::Uuid;

/// Value of `OWLPOST_FAULT` for which looking up the nil incident panics.
const PANIC_IN_HANDLER: &str = "panic_in_handler";

static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("OWLPOST_FAULT").ok());

/// Panics when that is wanted and the id is the nil UUID, which no incident has.
pub(crate) fn panic_for_nil_id_if_wanted(id: Uuid) {
    if id.is_nil() && WANTED.as_deref() == Some(PANIC_IN_HANDLER) {
        panic!("OWLPOST_FAULT={PANIC_IN_HANDLER}");
    }
}
