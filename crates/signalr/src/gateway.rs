//! The gateway as a whole: the routes of the hub.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{delete, get, post},
};
use http::{Method, StatusCode};
use owlpost_gateway::{Gateway, GatewayContext};

use crate::{
    config::SignalRConfig,
    connect::connect_client_to_hub,
    hub::Hub,
    negotiate::negotiate_connection_to_hub,
    send::{delete_connection_of_client, receive_request_of_client},
};

/// Addresses of the hub: what the course names it, and what .NET people type by habit.
pub const HUB_PATHS: [&str; 2] = ["/hub/incidents", "/hubs/incidents"];

/// What clients have to read that the server stops. They come back if they are told so.
const FAREWELL_TIME: Duration = Duration::from_secs(2);

/// The hub, ready to be put in front of a router.
pub struct SignalRGateway {
    hub: Arc<Hub>,
}

impl SignalRGateway {
    /// Builds the hub. Must be called within the runtime.
    pub fn new(context: &GatewayContext, config: SignalRConfig) -> Self {
        Self { hub: Hub::new(context, config) }
    }
}

impl Gateway for SignalRGateway {
    fn router(&self) -> Router {
        let mut router = Router::new();
        for path in HUB_PATHS {
            let connection = get(connect_client_to_hub)
                .head(|| async { StatusCode::METHOD_NOT_ALLOWED })
                .post(receive_request_of_client)
                .merge(delete(delete_connection_of_client));
            router = router
                .route(path, connection.clone())
                .route(&format!("{path}/"), connection)
                .route(&format!("{path}/negotiate"), post(negotiate_connection_to_hub));
        }
        let browsers = &self.hub.context.browsers;
        browsers.guard_router_from_foreigners(router.with_state(self.hub.clone())).layer(
            browsers.build_cors_layer_of_methods([Method::GET, Method::POST, Method::DELETE]),
        )
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // Those that have a session were closed by the core.
        for connection in self.hub.connections.list_all_connections() {
            connection.refuse_handshake_with_error("The server is stopping");
        }
        Box::pin(async {
            let _ =
                tokio::time::timeout(FAREWELL_TIME, self.hub.wait_until_clients_have_left()).await;
        })
    }
}
