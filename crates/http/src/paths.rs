//! Paths that more than the router speaks of.

/// Where events are read and streamed.
pub(crate) const EVENTS_PATH: &str = "/api/events";
/// Below which tools deliver their alerts.
pub(crate) const HOOKS_PATH: &str = "/api/hooks/";
/// Where the reference page is.
pub(crate) const DOCS_PATH: &str = "/docs";
