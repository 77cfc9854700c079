use super::{
    super::transactions::{MOST_TRANSACTIONS, MOST_WAITING_BYTES, MOST_WAITING_FRAMES},
    *,
};

const MOST_BYTES: usize = 200_000;

fn open_exchange_of_connected(version: Version) -> Exchange {
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    exchange.add_bytes_of_client(b"CONNECT\naccept-version:1.0,1.1,1.2\n\n\0");
    assert!(exchange.next_request_of_client().unwrap().is_some());
    exchange.accept_client_in_version(version);
    exchange
}

fn say_text_to_exchange(exchange: &mut Exchange, text: &str) -> Result<Vec<Request>, &'static str> {
    exchange.add_bytes_of_client(text.as_bytes());
    let mut requests = Vec::new();
    loop {
        match exchange.next_request_of_client() {
            Ok(Some(received)) => requests.push(received.request),
            Ok(None) => return Ok(requests),
            Err(fault) => return Err(fault.bad.message),
        }
    }
}

fn say_text_as_connected(version: Version, text: &str) -> Result<Vec<Request>, &'static str> {
    say_text_to_exchange(&mut open_exchange_of_connected(version), text)
}

fn build_send_to_destination(destination: &str) -> Request {
    Request::Send { destination: destination.to_owned(), body: Bytes::from_static(b"{}") }
}

#[test]
fn should_want_a_connect_first_and_only_once() {
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    assert!(exchange.awaits_connect_frame());
    let first = say_text_to_exchange(&mut exchange, "SEND\ndestination:x\n\n\0");
    assert_eq!(first, Err("The first frame must be CONNECT"));
    assert_eq!(
        say_text_to_exchange(&mut exchange, "CONNECT\n\n\0"),
        Ok(Vec::new()),
        "it is heard no more"
    );
    for again in ["CONNECT\n\n\0", "STOMP\n\n\0"] {
        let second = say_text_as_connected(Version::V12, again);
        assert_eq!(second, Err("The client is connected already"));
    }
}

#[test]
fn should_read_what_the_first_frame_says() {
    for (text, version, heart_beat) in [
        ("STOMP\n\n\0", Some(Version::V10), HeartBeat::default()),
        (
            "CONNECT\naccept-version:1.1\nheart-beat:5,7\n\n\0",
            Some(Version::V11),
            HeartBeat { gives_ms: 5, wants_ms: 7 },
        ),
        ("CONNECT\naccept-version:9\n\n\0", None, HeartBeat::default()),
    ] {
        let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
        let expected = Request::Connect { version, heart_beat };
        assert_eq!(say_text_to_exchange(&mut exchange, text), Ok(vec![expected]), "{text:?}");
    }
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    assert!(say_text_to_exchange(&mut exchange, "CONNECT\nheart-beat:often\n\n\0").is_err());
}

#[test]
fn should_keep_what_comes_before_the_client_is_let_in() {
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    say_text_to_exchange(&mut exchange, "CONNECT\naccept-version:1.2\n\n\0").unwrap();
    assert_eq!(
        say_text_to_exchange(&mut exchange, "SEND\ndestination:a\\cb\n\n{}\0"),
        Ok(Vec::new())
    );
    assert!(!exchange.is_connected());
    exchange.accept_client_in_version(Version::V12);
    assert_eq!(say_text_to_exchange(&mut exchange, ""), Ok(vec![build_send_to_destination("a:b")]));

    // But not any amount of it.
    let too_large = Err("The frame is larger than the limit");
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    say_text_to_exchange(&mut exchange, "CONNECT\naccept-version:1.2\n\n\0").unwrap();
    assert_eq!(say_text_to_exchange(&mut exchange, &"x".repeat(STRANGER_BYTES)), Ok(Vec::new()));
    assert_eq!(say_text_to_exchange(&mut exchange, "x"), too_large);
    let mut exchange = Exchange::with_limit_of_bytes(MOST_BYTES);
    let body = "CONNECT\n\n".to_owned() + &"x".repeat(STRANGER_BYTES);
    assert_eq!(say_text_to_exchange(&mut exchange, &body), Ok(Vec::new()));
    assert_eq!(say_text_to_exchange(&mut exchange, "x"), too_large);
}

#[test]
fn should_want_the_headers_of_each_frame_in_each_version() {
    use Version::{V10, V11, V12};
    for (version, text, message) in [
        (V12, "SEND\n\n\0", "destination is missing"),
        (V12, "SUBSCRIBE\nid:1\n\n\0", "destination is missing"),
        (V12, "SUBSCRIBE\ndestination:x\n\n\0", "id is missing"),
        (V11, "SUBSCRIBE\ndestination:x\n\n\0", "id is missing"),
        (V12, "SUBSCRIBE\nid:1\ndestination:x\nselector:a = 1\n\n\0", "selector is not supported"),
        (
            V12,
            "SUBSCRIBE\nid:1\ndestination:x\nack:never\n\n\0",
            "ack must be auto, client or client-individual",
        ),
        (V12, "UNSUBSCRIBE\ndestination:x\n\n\0", "id is missing"),
        (V10, "UNSUBSCRIBE\n\n\0", "id or destination is missing"),
        (V12, "ACK\nmessage-id:1\n\n\0", "id is missing"),
        (V11, "ACK\nsubscription:1\n\n\0", "message-id is missing"),
        (V11, "NACK\nmessage-id:1\n\n\0", "subscription is missing"),
        (V10, "ACK\nid:1\n\n\0", "message-id is missing"),
        (V12, "BEGIN\n\n\0", "transaction is missing"),
        (V12, "COMMIT\n\n\0", "transaction is missing"),
        (V12, "ABORT\n\n\0", "transaction is missing"),
        (V12, "COMMIT\ntransaction:a\n\n\0", "This transaction has not begun"),
        (V12, "ABORT\ntransaction:a\n\n\0", "This transaction has not begun"),
        (V12, "SEND\ntransaction:a\ndestination:x\n\n\0", "This transaction has not begun"),
        (V12, "ACK\ntransaction:a\nid:x\n\n\0", "This transaction has not begun"),
    ] {
        assert_eq!(say_text_as_connected(version, text), Err(message), "{text:?}");
    }
}

#[test]
fn should_read_what_each_version_asks_for() {
    use Version::{V10, V11, V12};
    let subscribe = |id: Option<&str>, ack| Request::Subscribe {
        id: id.map(ToOwned::to_owned),
        destination: "x".to_owned(),
        ack,
    };
    let acknowledge = |is_done| Request::Acknowledge { id: "7".to_owned(), is_done };
    for (version, text, request) in [
        (V10, "SUBSCRIBE\ndestination:x\n\n\0", subscribe(None, AckMode::Auto)),
        (
            V12,
            "SUBSCRIBE\nid:1\ndestination:x\nack:client\n\n\0",
            subscribe(Some("1"), AckMode::Client),
        ),
        (
            V11,
            "SUBSCRIBE\nid:1\ndestination:x\nack:client-individual\n\n\0",
            subscribe(Some("1"), AckMode::ClientIndividual),
        ),
        (
            V10,
            "UNSUBSCRIBE\ndestination:x\n\n\0",
            Request::Unsubscribe(SubscriptionName::Destination("x".to_owned())),
        ),
        (
            V10,
            "UNSUBSCRIBE\nid:x\n\n\0",
            Request::Unsubscribe(SubscriptionName::Id("x".to_owned())),
        ),
        (V12, "ACK\nid:7\n\n\0", acknowledge(true)),
        (V12, "NACK\nid:7\n\n\0", acknowledge(false)),
        (V11, "ACK\nmessage-id:7\nsubscription:1\n\n\0", acknowledge(true)),
        (V10, "ACK\nmessage-id:7\n\n\0", acknowledge(true)),
        (V12, "DISCONNECT\n\n\0", Request::Disconnect),
    ] {
        assert_eq!(say_text_as_connected(version, text), Ok(vec![request]), "{text:?}");
    }
}

#[test]
fn should_hear_nothing_behind_a_goodbye() {
    let text = "DISCONNECT\nreceipt:1\n\n\0SEND\ndestination:x\n\n{}\0garbage";
    assert_eq!(say_text_as_connected(Version::V12, text), Ok(vec![Request::Disconnect]));
}

#[test]
fn should_tell_which_receipt_a_fault_owes() {
    let mut exchange = open_exchange_of_connected(Version::V12);
    exchange.add_bytes_of_client(b"SEND\nreceipt:a\\cb\n\n\0");
    let fault = exchange.next_request_of_client().unwrap_err();
    assert_eq!(fault.receipt.as_deref(), Some("a:b"));
}

#[test]
fn should_work_on_a_transaction_in_order_once_it_is_committed() {
    let mut exchange = open_exchange_of_connected(Version::V12);
    let begin = "BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:u\n\n\0";
    assert_eq!(say_text_to_exchange(&mut exchange, begin), Ok(vec![Request::Nothing; 2]));
    let waiting = "SEND\ndestination:a\ntransaction:t\n\n{}\0ACK\nid:1\ntransaction:t\n\n\0\
        SEND\ndestination:b\ntransaction:u\n\n{}\0";
    assert_eq!(say_text_to_exchange(&mut exchange, waiting), Ok(Vec::new()));
    let rest = "ABORT\ntransaction:u\n\n\0COMMIT\ntransaction:t\n\n\0SEND\ndestination:c\n\n{}\0";
    let acknowledge = Request::Acknowledge { id: "1".to_owned(), is_done: true };
    let expected = vec![
        Request::Nothing,
        build_send_to_destination("a"),
        acknowledge,
        Request::Nothing,
        build_send_to_destination("c"),
    ];
    assert_eq!(say_text_to_exchange(&mut exchange, rest), Ok(expected));
    assert!(
        say_text_to_exchange(&mut exchange, "COMMIT\ntransaction:t\n\n\0").is_err(),
        "it is over"
    );
}

#[test]
fn should_say_at_once_what_is_wrong_within_a_transaction() {
    let text = "BEGIN\ntransaction:t\n\n\0SEND\ntransaction:t\n\n{}\0";
    assert_eq!(say_text_as_connected(Version::V12, text), Err("destination is missing"));
    let doubled = "BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0";
    assert_eq!(
        say_text_as_connected(Version::V12, doubled),
        Err("This transaction has begun already")
    );
}

#[test]
fn should_bound_what_waits_in_transactions() {
    let begin = |count: usize| -> String {
        (0..count).map(|n| format!("BEGIN\ntransaction:{n}\n\n\0")).collect()
    };
    assert!(say_text_as_connected(Version::V12, &begin(MOST_TRANSACTIONS)).is_ok());
    let too_many = say_text_as_connected(Version::V12, &begin(MOST_TRANSACTIONS + 1));
    assert_eq!(too_many, Err("There are as many transactions as may be"));

    let frame = |name: usize| format!("SEND\ndestination:a\ntransaction:{name}\n\n{{}}\0");
    let of_two = |count: usize| begin(2) + &(0..count).map(|n| frame(n % 2)).collect::<String>();
    assert!(say_text_as_connected(Version::V12, &of_two(MOST_WAITING_FRAMES)).is_ok());
    let too_much = Err("The transactions hold more than may be");
    assert_eq!(say_text_as_connected(Version::V12, &of_two(MOST_WAITING_FRAMES + 1)), too_much);

    let head = "SEND\ndestination:a\ntransaction:0\n\n";
    let of_bytes = |bytes: usize| begin(1) + head + &"x".repeat(bytes - head.len() - 1) + "\0";
    assert!(say_text_as_connected(Version::V12, &of_bytes(MOST_WAITING_BYTES)).is_ok());
    assert_eq!(say_text_as_connected(Version::V12, &of_bytes(MOST_WAITING_BYTES + 1)), too_much);
    // What an aborted one held is free again.
    let again = of_bytes(MOST_WAITING_BYTES) + "ABORT\ntransaction:0\n\n\0";
    let again = again.clone() + &again;
    assert!(say_text_as_connected(Version::V12, &again).is_ok());
}
