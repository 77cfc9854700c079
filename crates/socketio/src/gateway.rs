//! The gateway as a whole: two Socket.IO servers (JSON and msgpack) on one realtime core.

#[cfg(test)]
mod fuzz;

use std::{pin::Pin, sync::Arc};

use axum::{Router, middleware};
use engineioxide::service::NotFoundService;
use http::Method;
use owlpost_gateway::{Gateway, GatewayContext};
use socketioxide::{ParserConfig, SocketIo, handler::ConnectHandler, service::SocketIoService};

use crate::{
    admin::{console::Console, open_namespace_of_console},
    config::SocketIoConfig,
    door::check_request_before_upgrade,
    handshake::admit_socket_by_token,
    opening::open_connection_for_socket,
    shared::Shared,
    transport::SocketWatcher,
    wire::WireFormat,
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
    context: GatewayContext,
}

impl SocketIoGateway {
    /// Builds both servers. Must be called within the runtime.
    pub fn new(context: &GatewayContext, config: &SocketIoConfig) -> Self {
        let console = config.console.as_ref();
        let console = console.map(|config| Console::open_at_node(context.core.clone(), config));
        let build = |path, format| {
            let watcher = console.clone().map(|console| console as Arc<dyn SocketWatcher>);
            let shared = Shared { context: context.clone(), format, watcher };
            build_server_for_format(shared, config, path)
        };
        let json = build(JSON_PATH, WireFormat::Json);
        if let Some(console) = &console {
            open_namespace_of_console(&json.1, console);
        }
        let msgpack = build(MSGPACK_PATH, WireFormat::MsgPack);
        Self { json, msgpack, context: context.clone() }
    }
}

impl Gateway for SocketIoGateway {
    /// The routes of both servers.
    fn router(&self) -> Router {
        let door =
            middleware::from_fn_with_state(self.context.clone(), check_request_before_upgrade);
        Router::new()
            .route_service(&format!("{JSON_PATH}/"), self.json.0.clone())
            .route_service(&format!("{MSGPACK_PATH}/"), self.msgpack.0.clone())
            .layer(door)
            .layer(self.context.browsers.build_cors_layer_of_methods([Method::GET, Method::POST]))
    }

    /// Closes both engines.
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            tokio::join!(self.json.1.close(), self.msgpack.1.close());
        })
    }
}

fn build_server_for_format(
    shared: Shared,
    config: &SocketIoConfig,
    path: &'static str,
) -> (SocketIoService<NotFoundService>, SocketIo) {
    let max_message_bytes = shared.context.limits.max_message_bytes;
    let (service, io) =
        build_server_without_namespaces(max_message_bytes, config, path, shared.format);
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
    max_message_bytes: usize,
    config: &SocketIoConfig,
    path: &'static str,
    format: WireFormat,
) -> (SocketIoService<NotFoundService>, SocketIo) {
    // The library breaks the connection at its bound. Somewhat larger messages reach us, and are answered.
    let most_bytes = max_message_bytes * 2;
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
                    .max_incoming_binary_buf_size(max_message_bytes),
            )
            .build_svc(),
        WireFormat::MsgPack => builder.with_parser(ParserConfig::msgpack()).build_svc(),
    }
}
