//! Clients that tests make by hand, which can also write what no client should.
//!
//! No product depends on it. What it offers fails with a panic, as an assertion does, unless it gives back a
//! [`Result`]. Read in this order:
//!
//! - `deadline`: the longest that anything in a test may take;
//! - `request`: requests as the bytes that are sent, and `answer`: what came back;
//! - `raw_connection`: one TCP connection that carries them, and `blocking_request`, for tests without a runtime;
//! - `open_packet`: what an Engine.IO session begins with, and `frames`: how a client writes a websocket frame;
//! - `polling_client` and `websocket_client`: one Engine.IO session each;
//! - `tcp_gate`: a way to somebody else that can be cut; `broker_queue` and `webhook_receiver`: who is told of events outside.

mod answer;
mod blocking_request;
mod broker_queue;
mod deadline;
mod frames;
mod open_packet;
mod polling_client;
mod raw_connection;
mod request;
mod tcp_gate;
mod webhook_receiver;
mod websocket_client;

pub use answer::Answer;
pub use blocking_request::request_path_on_blocking_connection;
pub use broker_queue::{
    BrokerMessage, BrokerQueue, declare_exchange_at_broker, delete_exchange_at_broker,
    find_broker_for_tests,
};
pub use deadline::{DEADLINE, finish_within_test_deadline};
pub use frames::{BINARY, MORE, TEXT, encode_masked_client_frame};
pub use open_packet::{RECORD_SEPARATOR, find_session_id_in_open, read_session_id_from_open};
pub use polling_client::{
    PollingClient, begin_request_to_engine, get_answer_from_engine, request_answer_from_engine,
};
pub use raw_connection::RawConnection;
pub use request::{ENGINE_PATH, write_request_with_body, write_websocket_upgrade_request};
pub use tcp_gate::TcpGate;
pub use webhook_receiver::{ReceivedDelivery, WebhookReceiver};
pub use websocket_client::{WebSocketClient, open_websocket_at_path, open_websocket_over_tcp};
