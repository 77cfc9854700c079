//! What a client asks for, read from its query.

#[cfg(test)]
mod fuzz;

use std::time::Duration;

use engineioxide_core::{ProtocolVersion, Sid, TransportType};
use http::{Method, Request};

use crate::{config::EngineIoConfig, response::Rejection};

/// The shortest ping interval that a client can wish for: each costs a packet both ways.
const SHORTEST_WANTED_PING_INTERVAL: Duration = Duration::from_secs(5);

/// A request of the engine.
#[derive(Debug)]
pub(crate) struct EngineRequest {
    pub(crate) protocol: ProtocolVersion,
    pub(crate) transport: TransportType,
    /// The session it belongs to; none begins one.
    pub(crate) sid: Option<Sid>,
    /// A polling client that takes text only.
    pub(crate) text_only: bool,
}

impl EngineRequest {
    pub(crate) fn parse_query_of_request<B>(
        request: &Request<B>,
        config: &EngineIoConfig,
    ) -> Result<Self, Rejection> {
        let query = request.uri().query().unwrap_or_default();
        let transport = find_value_in_query(query, "transport")
            .and_then(|name| name.parse().ok())
            .filter(|transport| config.allows_transport_of_client(*transport))
            .ok_or(Rejection::UnknownTransport)?;
        let protocol = find_value_in_query(query, "EIO")
            .and_then(|version| version.parse().ok())
            .ok_or(Rejection::UnsupportedProtocol)?;
        // An id that is none belongs to no session. It must not begin one.
        let sid = match find_value_in_query(query, "sid") {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| Rejection::UnknownSession)?),
        };
        if sid.is_none() && request.method() != Method::GET {
            return Err(Rejection::BadHandshakeMethod);
        }
        let text_only = matches!(find_value_in_query(query, "b64"), Some("1" | "true"));
        Ok(Self { protocol, transport, sid, text_only })
    }
}

/// From one ping of a session to the next: what its first request wishes for with `heartbeat=<milliseconds>`, never more
/// than the configured interval. For pages that must know sooner than others that their server is gone.
pub(crate) fn choose_ping_interval_of_session(query: &str, configured: Duration) -> Duration {
    find_value_in_query(query, "heartbeat")
        .and_then(|wanted| wanted.parse().ok())
        .map_or(configured, Duration::from_millis)
        .max(SHORTEST_WANTED_PING_INTERVAL)
        .min(configured)
}

fn find_value_in_query<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, query: &str) -> Result<EngineRequest, Rejection> {
        let uri = format!("/socket.io/?{query}");
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        EngineRequest::parse_query_of_request(&request, &EngineIoConfig::default())
    }

    #[test]
    fn should_read_what_begins_a_session() {
        let request = read("GET", "EIO=4&transport=polling&t=abc").unwrap();
        assert_eq!(request.protocol, ProtocolVersion::V4);
        assert_eq!(request.transport, TransportType::Polling);
        assert!(request.sid.is_none() && !request.text_only);
        let request = read("GET", "b64=1&EIO=3&transport=websocket").unwrap();
        assert_eq!(request.protocol, ProtocolVersion::V3);
        assert_eq!(request.transport, TransportType::Websocket);
        assert!(request.text_only);
    }

    #[test]
    fn should_ping_as_often_as_wished_within_bounds() {
        let configured = Duration::from_secs(25);
        for (query, expected_ms) in [
            ("EIO=4", 25_000),
            ("EIO=4&heartbeat=7000", 7_000),
            ("heartbeat=5000", 5_000),
            ("heartbeat=4999", 5_000),
            ("heartbeat=0", 5_000),
            ("heartbeat=25001", 25_000),
            ("heartbeat=18446744073709551615", 25_000),
            ("heartbeat=18446744073709551616", 25_000),
            ("heartbeat=-1", 25_000),
            ("heartbeat=soon", 25_000),
            ("heartbeat=", 25_000),
        ] {
            let chosen = choose_ping_interval_of_session(query, configured);
            assert_eq!(chosen, Duration::from_millis(expected_ms), "{query}");
        }
        let often = Duration::from_secs(1);
        assert_eq!(choose_ping_interval_of_session("heartbeat=5000", often), often);
    }

    #[test]
    fn should_reject_what_is_no_request_of_the_protocol() {
        for (method, query, expected) in [
            ("GET", "", Rejection::UnknownTransport),
            ("GET", "EIO=4&transport=pigeon", Rejection::UnknownTransport),
            ("GET", "transport=polling", Rejection::UnsupportedProtocol),
            ("GET", "EIO=5&transport=polling", Rejection::UnsupportedProtocol),
            ("POST", "EIO=4&transport=polling", Rejection::BadHandshakeMethod),
            ("GET", "EIO=4&transport=polling&sid=x", Rejection::UnknownSession),
            ("GET", "EIO=4&transport=polling&sid=", Rejection::UnknownSession),
        ] {
            assert_eq!(read(method, query).unwrap_err(), expected, "{method} {query}");
        }
    }
}
