//! The gateway as a whole: two Socket.IO servers (JSON and msgpack) on one realtime core.

#[cfg(test)]
mod fuzz;

use std::sync::Arc;

use axum::{Router, middleware};
use engineioxide::service::NotFoundService;
use http::{HeaderValue, Method};
use owlpost_admission::Places;
use owlpost_realtime::Realtime;
use socketioxide::{ParserConfig, SocketIo, handler::ConnectHandler, service::SocketIoService};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::{
    config::SocketIoConfig,
    handshake::admit_socket_by_token,
    opening::open_connection_for_socket,
    origin::{Door, check_request_before_upgrade},
    shared::Shared,
    wire::WireFormat,
    worker::begin_counters_of_events,
};

/// Path of the JSON server, the default of every client.
pub const JSON_PATH: &str = "/socket.io";
/// Path for clients with `socket.io-msgpack-parser`: the parser is the server's choice, not the client's.
pub const MSGPACK_PATH: &str = "/socket.io-msgpack";

/// Attachments of one message that are read, to be refused: as many as Node's server takes.
const MOST_ATTACHMENTS: usize = 10;

/// Both servers, ready to be put in front of a router.
pub struct SocketIoGateway {
    json: (SocketIoService<NotFoundService>, SocketIo),
    msgpack: (SocketIoService<NotFoundService>, SocketIo),
    door: Door,
}

impl SocketIoGateway {
    /// Builds both servers, whose sessions share the `places`. Must be called within the runtime.
    pub fn new(core: &Realtime, config: SocketIoConfig, places: Arc<Places>) -> Self {
        begin_counters_of_events();
        let config = Arc::new(config);
        let json = build_server_for_format(core, &config, JSON_PATH, WireFormat::Json);
        let msgpack = build_server_for_format(core, &config, MSGPACK_PATH, WireFormat::MsgPack);
        let door = Door { allowed_origins: config.allowed_origins.clone().into(), places };
        Self { json, msgpack, door }
    }

    /// The routes of both servers, to be merged into a router. Other routes pay nothing for them.
    pub fn build_router_of_gateway(&self) -> Router {
        Router::new()
            .route_service(&format!("{JSON_PATH}/"), self.json.0.clone())
            .route_service(&format!("{MSGPACK_PATH}/"), self.msgpack.0.clone())
            .layer(middleware::from_fn_with_state(self.door.clone(), check_request_before_upgrade))
            .layer(build_cors_layer_from_origins(&self.door.allowed_origins))
    }

    /// Closes every engine. Sessions should have been closed by the core before.
    pub async fn close_all_engine_connections(&self) {
        tokio::join!(self.json.1.close(), self.msgpack.1.close());
    }
}

/// For polling; websockets are looked at in [`crate::origin`]. Clients may send credentials, so `*` mirrors.
fn build_cors_layer_from_origins(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::mirror_request()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
}

fn build_server_for_format(
    core: &Realtime,
    config: &Arc<SocketIoConfig>,
    path: &'static str,
    format: WireFormat,
) -> (SocketIoService<NotFoundService>, SocketIo) {
    let (service, io) = build_server_without_namespaces(config, path, format);
    let shared = Shared { core: core.clone(), config: config.clone(), format };
    let admission = shared.clone();
    let open = move |socket| {
        open_connection_for_socket(&shared, socket);
        std::future::ready(())
    };
    let admit = move |socket, auth| admit_socket_by_token(admission.clone(), socket, auth);
    io.ns("/", open.with(admit));
    (service, io)
}

/// The bounds of what clients send, and how it is read.
fn build_server_without_namespaces(
    config: &SocketIoConfig,
    path: &'static str,
    format: WireFormat,
) -> (SocketIoService<NotFoundService>, SocketIo) {
    // The library breaks the connection at its bound. Somewhat larger messages reach us, and are answered.
    let most_bytes = config.max_message_bytes * 2;
    let builder = SocketIo::builder()
        .req_path(path)
        .ping_interval(config.ping_interval)
        .ping_timeout(config.ping_timeout)
        .connect_timeout(config.connect_timeout)
        .upgrade_timeout(config.connect_timeout)
        .max_payload(most_bytes as u64)
        .ws_max_message_size(most_bytes)
        .ws_max_frame_size(most_bytes)
        .max_buffer_size(config.engine_queue_packets);
    // No event of the contract has attachments. A few small ones are read all the same, since a bad payload is
    // answered and does not end the connection; more would be kept in memory while others are awaited.
    match format {
        WireFormat::Json => builder
            .with_parser(
                ParserConfig::common()
                    .max_incoming_binaries(MOST_ATTACHMENTS)
                    .max_incoming_binary_buf_size(config.max_message_bytes),
            )
            .build_svc(),
        WireFormat::MsgPack => builder.with_parser(ParserConfig::msgpack()).build_svc(),
    }
}
