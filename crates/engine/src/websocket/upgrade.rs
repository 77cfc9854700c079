//! How a polling session comes by a websocket: the client tries it with a ping, and then asks to change over.

use std::{future::poll_fn, sync::Arc, time::Duration};

use owlpost_carrier::websocket::{Bounds, Message, WebSocketStream};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::socket::Socket;

const PROBE: &str = "2probe";
const PROBE_ANSWER: &str = "3probe";
const UPGRADE: &str = "5";
/// Nothing else is sent on a websocket that is tried.
const PROBE_BOUNDS: Bounds = Bounds { frame_bytes: 64, message_bytes: 64 };

/// True when the websocket carries the session from now on. Otherwise the session goes on as it was.
pub(crate) async fn upgrade_session_by_probe<D, S>(
    socket: &Arc<Socket<D>>,
    websocket: &mut WebSocketStream<S>,
    patience: Duration,
) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let attempt = tokio::time::timeout(patience, probe_then_change_over(socket, websocket));
    let upgraded = tokio::select! {
        upgraded = attempt => matches!(upgraded, Ok(Some(()))),
        () = socket.closed() => false,
    };
    if !upgraded {
        tracing::debug!("an upgrade came to nothing");
    }
    upgraded
}

/// Ends an upgrade that came to nothing, however it did.
struct Attempt<'a, D>(&'a Socket<D>);

impl<D> Drop for Attempt<'_, D> {
    fn drop(&mut self) {
        self.0.link.return_upgrade_to_polling();
    }
}

async fn probe_then_change_over<D, S>(
    socket: &Socket<D>,
    websocket: &mut WebSocketStream<S>,
) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    receive_text_of_client(websocket, |text| text == PROBE).await?;
    if !socket.link.begin_upgrade_from_polling() {
        return None;
    }
    // Does nothing once the upgrade is finished.
    let _attempt = Attempt(socket);
    websocket.put_text_before_queue(PROBE_ANSWER);
    poll_fn(|cx| websocket.poll_write_unwritten_frames(cx)).await.ok()?;
    poll_fn(|cx| websocket.poll_flush_of_stream(cx)).await.ok()?;
    // Whatever else is in the packet says nothing.
    receive_text_of_client(websocket, |text| text.starts_with(UPGRADE)).await?;
    socket.link.finish_upgrade_to_websocket().then_some(())
}

async fn receive_text_of_client<S>(
    websocket: &mut WebSocketStream<S>,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match poll_fn(|cx| websocket.poll_next_message_of_client(cx, PROBE_BOUNDS)).await {
        Ok(Message::Text(received)) if is_wanted(&received) => Some(()),
        _ => None,
    }
}
