//! One request, for tests that have no runtime of their own.

use std::{
    io::{Read as _, Write as _},
    net::{TcpStream, ToSocketAddrs},
};

use crate::{deadline::DEADLINE, request::write_request_with_body};

/// Asks for a path on a connection of its own, which the server closes; the whole answer, its head included.
pub fn request_path_on_blocking_connection(address: impl ToSocketAddrs, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let request = write_request_with_body("GET", path, "connection: close\r\n", "");
    stream.write_all(&request).expect("a request written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
