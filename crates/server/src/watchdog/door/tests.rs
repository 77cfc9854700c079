//! The door, with clients that ask, that say nothing, and that leave.

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

struct TestDoor {
    door: Door,
    guests: Vec<Guest>,
    addr: std::net::SocketAddr,
}

impl TestDoor {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("address");
        Self { door: Door::with_listener(listener).expect("a door"), guests: Vec::new(), addr }
    }

    fn connect_client_with_request(&self, request: &[u8]) -> TcpStream {
        let mut client = TcpStream::connect(self.addr).expect("connect");
        client.write_all(request).expect("write");
        client.set_nonblocking(true).expect("non-blocking");
        client
    }

    fn turn_door_without_waiting(&mut self) {
        self.door.admit_guests_who_wait(&mut self.guests);
        serve_guests_without_waiting(&mut self.guests);
    }

    /// Turns the door until the client has read to the end.
    fn read_answer_of_client(&mut self, client: &mut TcpStream) -> String {
        let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            self.turn_door_without_waiting();
            match client.read(&mut chunk) {
                Ok(0) => return String::from_utf8(answer).expect("text"),
                Ok(count) => answer.extend_from_slice(&chunk[..count]),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        panic!("no answer in time");
    }

    fn turn_until_guests_left(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while !self.guests.is_empty() {
            self.turn_door_without_waiting();
            assert!(Instant::now() < deadline, "somebody stays");
        }
    }
}

#[test]
fn should_answer_requests_in_the_documented_shape() {
    let mut door = TestDoor::open();
    let started = Instant::now();
    let mut client = door.connect_client_with_request(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    let answer = door.read_answer_of_client(&mut client);
    assert!(started.elapsed() < HEAD_TIMEOUT, "at once");
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
    assert!(head.contains("retry-after: 1\r\n") && head.ends_with("connection: close"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["error"]["code"], "UNAVAILABLE");
    drop(client);
    door.turn_until_guests_left();
}

#[test]
fn should_find_the_end_of_a_head_that_comes_in_pieces() {
    let mut door = TestDoor::open();
    let mut client = door.connect_client_with_request(b"GET / HTTP/1.1\r\n\r");
    while door.guests.first().is_none_or(|guest| guest.head_bytes == 0) {
        door.turn_door_without_waiting();
    }
    assert!(!door.guests[0].answered);
    client.write_all(b"\n").expect("write");
    assert!(door.read_answer_of_client(&mut client).starts_with("HTTP/1.1 503 "));
}

#[test]
fn should_keep_the_answer_of_a_client_that_still_sends() {
    let mut door = TestDoor::open();
    let mut request = b"POST / HTTP/1.1\r\ncontent-length: 30000\r\n\r\n".to_vec();
    request.resize(request.len() + 30_000, b'x');
    let mut client = door.connect_client_with_request(&request);
    assert!(door.read_answer_of_client(&mut client).contains("UNAVAILABLE"));
}

#[test]
fn should_answer_a_head_without_end() {
    let mut door = TestDoor::open();
    let mut client = door.connect_client_with_request(&[b'x'; READ_BYTES]);
    assert!(door.read_answer_of_client(&mut client).starts_with("HTTP/1.1 503 "));
}

#[test]
fn should_not_wait_for_clients_that_say_nothing() {
    let mut door = TestDoor::open();
    let mut silent: Vec<_> =
        (0..MAX_GUESTS).map(|_| door.connect_client_with_request(b"")).collect();
    let mut asking = door.connect_client_with_request(b"GET / HTTP/1.1\r\n\r\n");
    while door.guests.len() < MAX_GUESTS {
        door.turn_door_without_waiting();
    }
    door.turn_door_without_waiting();
    assert_eq!(door.guests.len(), MAX_GUESTS, "one too many waits outside");
    assert!(door.read_answer_of_client(&mut asking).starts_with("HTTP/1.1 503 "));
    assert!(door.read_answer_of_client(&mut silent[0]).starts_with("HTTP/1.1 503 "));
    door.turn_until_guests_left();
}

#[test]
fn should_listen_no_longer_when_closed() {
    let mut door = TestDoor::open();
    door.door.close_listener_to_clients();
    door.turn_door_without_waiting();
    assert!(TcpStream::connect(door.addr).is_err());
}
