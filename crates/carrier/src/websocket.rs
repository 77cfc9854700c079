//! Websockets: accepted here, and from then on one task each.
//!
//! - [`handshake`]: how a request becomes a websocket;
//! - `frames`: bytes of a websocket as messages, and back;
//! - `stream`: a connection that speaks frames;
//! - [`connection`]: the task of a connection that a websocket carries.

pub mod connection;
mod frames;
pub mod handshake;
mod stream;

use std::future::poll_fn;

use tokio::io::{AsyncRead, AsyncWrite};
pub use tungstenite::protocol::frame::coding::{CloseCode, Control, Data};

use self::connection::FAREWELL_TIME;
pub use self::{
    frames::{Message, append_frame_of_parts},
    stream::{Bounds, Ended, WebSocketStream},
};

/// Closes a websocket by its own protocol. A client that does not close its side is not waited for.
pub async fn close_websocket_with_code<S>(
    mut websocket: WebSocketStream<S>,
    code: Option<CloseCode>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    websocket.put_close_frame_last(code, "");
    let farewell = poll_fn(|cx| websocket.poll_last_words_of_farewell(cx));
    let _ = tokio::time::timeout(FAREWELL_TIME, farewell).await;
}
