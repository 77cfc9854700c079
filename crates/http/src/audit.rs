//! The audit lines of the log: who let themselves in, and who changed what others may do.

use std::fmt::Display;

use owlpost_domain::UserId;

use crate::extract::RequestOrigin;

/// One line, with `target` `owlpost::audit`: what was done, by whom, to whom or what, and from where. No secret is in any.
pub(crate) fn record_deed_of_person(
    deed: &'static str,
    actor: UserId,
    subject: impl Display,
    origin: &RequestOrigin,
) {
    let address = tracing::field::display(origin.address);
    tracing::info!(target: "owlpost::audit", deed, %actor, %subject, address, "audit");
}
