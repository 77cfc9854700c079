//! The smallest server on a carrier: a websocket that sends every message back, as text or as bytes, as it came.
//!
//! `cargo run --release -p owlpost-carrier --example echo_websocket`, then connect to what it prints. `PORT` chooses the
//! port. It is what tools that examine websockets want to talk to.

use std::{error::Error, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use owlpost_carrier::{
    CarriedPipe, Listener, Outgoing, Pipe,
    websocket::{
        Bounds, CloseCode, Message, WebSocketStream,
        connection::{Connection, EndOfClient, Received},
        handshake::{accept_handshake_of_websocket, serve_stream_of_upgrade},
    },
};
use tokio::net::TcpListener;

/// Messages that may wait for a client that sends more than it reads.
const QUEUE_ENTRIES: usize = 1024;
/// Bytes of a frame, and of a message.
const MOST_BYTES: usize = 64 << 20;
/// Time in which a connection must be handed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server's end of one connection.
struct Echo(Arc<Pipe>);

impl Listener for Echo {
    fn bounds(&self) -> Bounds {
        Bounds { frame_bytes: MOST_BYTES, message_bytes: MOST_BYTES }
    }

    fn receive_message(self: &Arc<Self>, message: Message) -> Result<Received, CloseCode> {
        let echo = match message {
            Message::Text(text) => Outgoing::Text(text.into()),
            Message::Binary(bytes) => Outgoing::Binary(bytes),
        };
        // A client that has left no room reads nothing.
        self.0.put_within_limit_of_pipe(echo).map_err(|_| CloseCode::Again)?;
        Ok(Received::GoOn)
    }

    fn note_end_of_client(&self, end: EndOfClient) {
        match end {
            EndOfClient::Lost => self.0.break_pipe_without_farewell(),
            EndOfClient::Closed(_) | EndOfClient::Violation(_) => {
                self.0.close_pipe_with_farewell(None, CloseCode::Normal);
            }
        }
    }
}

async fn accept_echo_websocket(mut request: Request) -> Response {
    let Ok(accepted) = accept_handshake_of_websocket(request.headers()) else {
        return (StatusCode::BAD_REQUEST, "a websocket is wanted\n").into_response();
    };
    let upgrade = hyper::upgrade::on(&mut request);
    serve_stream_of_upgrade(upgrade, PATIENCE, async move |stream| {
        if let Some(stream) = stream {
            let pipe = Pipe::with_capacity(QUEUE_ENTRIES);
            let carried = CarriedPipe::new(pipe.clone(), Arc::new(Echo(pipe)));
            Connection::new(carried, WebSocketStream::new(stream)).await;
        }
    });
    (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response()
}

#[allow(clippy::print_stdout)]
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback(get(accept_echo_websocket))).await?;
    Ok(())
}
