//! What an Engine.IO session begins with, and what stands between the packets of one poll.

/// Separates the packets of one body of protocol 4.
pub const RECORD_SEPARATOR: char = '\u{1e}';

/// The id of the session that an open packet begins; `None` when it names none.
pub fn find_session_id_in_open(open: &str) -> Option<&str> {
    let (_, behind) = open.split_once("\"sid\":\"")?;
    Some(behind.split_once('"')?.0)
}

/// The id of the session that an open packet begins, which must name one.
pub fn read_session_id_from_open(open: &str) -> String {
    find_session_id_in_open(open).expect("a sid").to_owned()
}
