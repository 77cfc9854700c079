//! Which clients can come back by themselves, and what they say then.

use http::{HeaderMap, header};
use owlpost_realtime::{RecoveryRequest, cut_position_of_client};
use serde_json::Value;
use socketioxide::{ProtocolVersion, extract::SocketRef};

use owlpost_gateway::query::find_query_value_by_name;

/// Set on the request of a client that is known to fail when an event has more than one argument: it hands all of them to
/// the application, which expects one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakesOneArgument;

/// How such clients begin to name themselves. None of them is a browser. Python is aiohttp's name and requests' own.
const TAKE_ONE_ARGUMENT: [&str; 3] = ["Dart/", "Python/", "python-requests/"];

/// Digits of the seconds since 1970.
const SECONDS_DIGITS: usize = 10;

pub(crate) fn find_marker_of_client(headers: &HeaderMap) -> Option<TakesOneArgument> {
    let name = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let is_known = TAKE_ONE_ARGUMENT.iter().any(|known| name.starts_with(known));
    is_known.then_some(TakesOneArgument)
}

/// What the client says of the connection it had, by itself; `None` for one that cannot recover, or does not want to.
pub(crate) fn read_recovery_of_client(socket: &SocketRef, auth: &Value) -> Option<RecoveryRequest> {
    let request = socket.req_parts();
    let query = |name| find_query_value_by_name(request.uri.query(), name);
    let can_recover = socket.protocol() == ProtocolVersion::V5
        && request.extensions.get::<TakesOneArgument>().is_none()
        && query("recovery").as_deref() != Some("0")
        && !query("t").is_some_and(|time| is_time_of_python(&time));
    can_recover.then(|| read_recovery_of_auth(auth))
}

pub(crate) fn read_recovery_of_auth(auth: &Value) -> RecoveryRequest {
    let text = |name| auth.get(name).and_then(Value::as_str);
    RecoveryRequest {
        pid: text("pid").and_then(|pid| pid.parse().ok()),
        offset: text("offset").map(cut_position_of_client),
    }
}

/// python-engineio writes the time as seconds with a fraction. JavaScript clients write it in a notation of their own, at
/// times with a dot in it, but never with so many digits before.
fn is_time_of_python(time: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    time.split_once('.').is_some_and(|(seconds, fraction)| {
        seconds.len() >= SECONDS_DIGITS && is_number(seconds) && is_number(fraction)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_know_clients_that_take_one_argument() {
        let find = |name: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, name.parse().unwrap());
            find_marker_of_client(&headers).is_some()
        };
        assert!(find("Dart/3.5 (dart:io)"));
        assert!(find("Python/3.11 aiohttp/3.9.1"));
        assert!(find("python-requests/2.34.2"));
        assert!(!find("my-app python-requests/2.34.2"));
        assert!(!find("Mozilla/5.0 (X11; Linux x86_64) Dart/3.5"));
        assert!(find_marker_of_client(&HeaderMap::new()).is_none());
        assert!(is_time_of_python("1795219200.123456"));
        for time in [
            "PaB3xYz.0",
            "1795219.0",
            "1795219200",
            "1795219200.",
            ".5",
            "lq2k9z8x",
            "1795219200.a",
        ] {
            assert!(!is_time_of_python(time), "{time}");
        }
    }
}
