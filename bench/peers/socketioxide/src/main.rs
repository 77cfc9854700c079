//! Bare socketioxide for the side-by-side runs: its defaults, no token, no database, no look at what a send returns.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use serde_json::{Value, json};
use socketioxide::{
    SocketIo,
    extract::{AckSender, Data, SocketRef},
};
use tokio::net::TcpSocket;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    // A peer without the rights for it serves fewer clients.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| register_client_event_handlers(&socket));
    let router = Router::new()
        .route("/emit", post(emit_payload_to_everyone))
        .route("/emit/{room}", post(emit_payload_to_room))
        .with_state(io)
        .layer(layer);
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(4_096)?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            // Without it, small answers wait for the acknowledgement of earlier ones.
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await
}

fn register_client_event_handlers(socket: &SocketRef) {
    socket.on("room:join", async |socket: SocketRef, Data(data): Data<Value>, ack: AckSender| {
        if let Some(room) = data["room"].as_str() {
            socket.join(room.to_owned());
        }
        let _ = ack.send(&json!({ "ok": true }));
    });
    socket.on("typing:start", async |socket: SocketRef, Data(data): Data<Value>| {
        send_typing_to_room_others(&socket, &data, true).await;
    });
    socket.on("typing:stop", async |socket: SocketRef, Data(data): Data<Value>| {
        send_typing_to_room_others(&socket, &data, false).await;
    });
}

async fn send_typing_to_room_others(socket: &SocketRef, data: &Value, is_typing: bool) {
    let incident = data["incidentId"].as_str().unwrap_or_default();
    let payload = json!({
        "userId": socket.id,
        "userName": "somebody",
        "incidentId": incident,
        "isTyping": is_typing,
    });
    let _ = socket.to(format!("incident:{incident}")).emit("presence:typing", &payload).await;
}

async fn emit_payload_to_everyone(
    State(io): State<SocketIo>,
    axum::Json(payload): axum::Json<Value>,
) -> StatusCode {
    // A full queue is an error here, and a loss: that is what is measured.
    let _ = io.emit("incident:created", &payload).await;
    StatusCode::CREATED
}

async fn emit_payload_to_room(
    State(io): State<SocketIo>,
    Path(room): Path<String>,
    axum::Json(payload): axum::Json<Value>,
) -> StatusCode {
    let _ = io.to(room).emit("comment:created", &payload).await;
    StatusCode::CREATED
}
