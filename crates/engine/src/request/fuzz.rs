//! Any query of any request, against a slower reading of it.

use http::{Method, Request, Uri};
use owlpost_fuzzing::{Choices, FuzzTarget};

use super::*;

/// The first value of a name, by taking every pair apart.
fn find_first_value_slowly<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    let pairs: Vec<(&str, &str)> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

fn check_request_by_model(request: &EngineRequest, query: &str, method: &Method) {
    let value = |name| find_first_value_slowly(query, name);
    let transport = match request.transport {
        TransportType::Polling => "polling",
        TransportType::Websocket => "websocket",
    };
    let protocol = match request.protocol {
        ProtocolVersion::V3 => "3",
        ProtocolVersion::V4 => "4",
    };
    assert_eq!((value("transport"), value("EIO")), (Some(transport), Some(protocol)));
    assert_eq!(request.text_only, matches!(value("b64"), Some("1" | "true")));
    assert_eq!(request.sid.is_some(), value("sid").is_some());
    assert!(request.sid.is_some() || method == Method::GET);
    if let Some(sid) = request.sid {
        assert_eq!(sid.to_string().parse().ok(), Some(sid));
    }
}

fn check_refusal_by_model(refusal: Rejection, query: &str) {
    let value = |name| find_first_value_slowly(query, name);
    let transport_known = matches!(value("transport"), Some("polling" | "websocket"));
    let protocol_known = matches!(value("EIO"), Some("3" | "4"));
    let expected = match (transport_known, protocol_known, value("sid")) {
        (false, _, _) => Rejection::UnknownTransport,
        (true, false, _) => Rejection::UnsupportedProtocol,
        (true, true, Some(_)) => Rejection::UnknownSession,
        (true, true, None) => Rejection::BadHandshakeMethod,
    };
    assert_eq!(refusal, expected);
}

#[test]
fn should_take_a_query_for_what_it_says_or_refuse_it_with_the_right_code() {
    FuzzTarget::new("engine-query").check_each_fuzzed_input(|input| {
        let mut choices = Choices::new(input);
        let method = if choices.take_byte_or_zero() == b'P' { Method::POST } else { Method::GET };
        let target = [b"/socket.io/?", choices.take_rest_of_input()].concat();
        let Ok(uri) = Uri::try_from(target) else { return };
        let request = Request::builder().method(&method).uri(uri).body(()).expect("a request");
        let query = request.uri().query().unwrap_or_default();
        match EngineRequest::parse_query_of_request(&request, &EngineIoConfig::default()) {
            Ok(asked) => check_request_by_model(&asked, query, &method),
            Err(refusal) => check_refusal_by_model(refusal, query),
        }
    });
}
