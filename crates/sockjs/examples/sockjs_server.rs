//! The test server that the official `sockjs-protocol` suite wants: it echoes, and it closes.
//!
//! ```sh
//! cargo run --release -p owlpost-sockjs --example sockjs_server -- 127.0.0.1:8081
//! SOCKJS_URL=http://127.0.0.1:8081 python2.7 sockjs-protocol.py -v
//! ```

use std::{sync::Arc, task::Waker, time::Duration};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, request::Parts};
use owlpost_carrier::{
    CarriedPipe, Listener, Outgoing, Pipe,
    queue::{Phase, Taken},
    websocket::{
        Bounds, CloseCode, Message,
        connection::{Carried, EndOfClient, Received},
        handshake::{accept_handshake_of_websocket, carry_connection_of_upgrade},
    },
};
use owlpost_sockjs::{Application, Arrival, SockJs, SockJsConfig, answer_request_with_greeting};

const MESSAGE_BYTES: usize = 1024 * 1024;
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIME: Duration = Duration::from_millis(50);

/// What the server does with its clients.
#[derive(Clone, Copy)]
enum Behaviour {
    Echo,
    Close,
}

struct Client {
    pipe: Arc<Pipe>,
}

impl Client {
    fn welcome_client_by_behaviour(pipe: Arc<Pipe>, behaviour: Behaviour) -> Arc<Self> {
        if matches!(behaviour, Behaviour::Close) {
            pipe.close_pipe_with_farewell(None, CloseCode::Normal);
        }
        Arc::new(Self { pipe })
    }
}

impl Listener for Client {
    fn bounds(&self) -> Bounds {
        Bounds { frame_bytes: MESSAGE_BYTES, message_bytes: MESSAGE_BYTES }
    }

    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Received, CloseCode> {
        let echo = match message {
            Message::Text(text) => Outgoing::Text(text.into()),
            Message::Binary(bytes) => Outgoing::Binary(bytes),
        };
        self.pipe.put_within_limit_of_pipe(echo).map_err(|_| CloseCode::Policy)?;
        Ok(Received::GoOn)
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        match end {
            EndOfClient::Closed(code) => {
                self.pipe.close_pipe_with_farewell(None, code.unwrap_or(CloseCode::Normal));
            }
            EndOfClient::Violation(code) => self.pipe.close_pipe_with_farewell(None, code),
            EndOfClient::Lost => self.pipe.break_pipe_without_farewell(),
        }
    }
}

impl Application for Behaviour {
    type Connection = Client;

    fn open_connection(&self, _: &Parts, arrival: Arrival) -> Result<Arc<Client>, Box<Response>> {
        Ok(Client::welcome_client_by_behaviour(arrival.pipe, *self))
    }
}

/// A client of the raw address, where the last frame says why.
struct RawClient(CarriedPipe<Client>);

impl Carried for RawClient {
    fn bounds(&self) -> Bounds {
        self.0.bounds()
    }

    fn receive_message(&self, message: Message) -> Result<Received, CloseCode> {
        self.0.receive_message(message)
    }

    fn append_what_waits(&self, waker: &Waker, frames: &mut Vec<u8>) -> Taken {
        self.0.append_what_waits(waker, frames)
    }

    fn phase(&self) -> Phase {
        self.0.phase()
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        self.0.note_end_of_client(end);
    }

    fn close_code(&self) -> CloseCode {
        self.0.close_code()
    }

    fn close_reason(&self) -> &'static str {
        "Go away!"
    }
}

async fn connect_client_by_raw_websocket(behaviour: Behaviour, mut request: Request) -> Response {
    let accepted = match accept_handshake_of_websocket(request.headers()) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.describe_refusal_of_request().into_response(),
    };
    let pipe = Pipe::with_capacity(64);
    let client = Arc::new(Client { pipe: pipe.clone() });
    if matches!(behaviour, Behaviour::Close) {
        let pipe = pipe.clone();
        tokio::spawn(async move {
            // There are clients that cannot take a frame together with the answer to their handshake.
            tokio::time::sleep(ANSWER_TIME).await;
            pipe.close_pipe_with_farewell(None, CloseCode::Normal);
        });
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let carried = RawClient(CarriedPipe::new(pipe, client));
    carry_connection_of_upgrade(upgrade, UPGRADE_TIMEOUT, carried);
    (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response()
}

fn build_router_of_service(prefix: &str, behaviour: Behaviour, config: SockJsConfig) -> Router {
    let sockjs = SockJs::new(behaviour, config);
    let raw = get(move |request| connect_client_by_raw_websocket(behaviour, request));
    let inner = Router::new()
        .route("/websocket", raw)
        .merge(sockjs.build_router_of_transports())
        .merge(sockjs.build_router_of_pages());
    Router::new()
        .route(prefix, get(async || answer_request_with_greeting()))
        .route(&format!("{prefix}/"), get(async || answer_request_with_greeting()))
        .nest(prefix, inner)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8081".to_owned());
    let config = SockJsConfig { response_bytes: 4096, ..SockJsConfig::default() };
    let without_websocket = SockJsConfig { serves_websocket: false, ..config.clone() };
    let with_cookie = SockJsConfig { needs_cookie: true, ..config.clone() };
    let router = Router::new()
        .merge(build_router_of_service("/echo", Behaviour::Echo, config.clone()))
        .merge(build_router_of_service("/close", Behaviour::Close, config))
        .merge(build_router_of_service(
            "/disabled_websocket_echo",
            Behaviour::Echo,
            without_websocket,
        ))
        .merge(build_router_of_service("/cookie_needed_echo", Behaviour::Echo, with_cookie));
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await
}
