//! The gateway as a whole: `/ws`, raw and under SockJS.

use std::{pin::Pin, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts};
use owlpost_admission::{ClientAddress, Place};
use owlpost_carrier::{
    CarriedPipe, Pipe,
    websocket::handshake::{accept_handshake_of_websocket, carry_connection_of_upgrade},
};
use owlpost_gateway::{
    Gateway, GatewayContext, admission::find_bearer_token_in_headers,
    context::refuse_client_without_place, query::find_query_value_by_name,
};
use owlpost_sockjs::{Application, Arrival, SockJs, SockJsConfig};

use crate::{
    config::StompConfig,
    connection::{Opening, Stomp, StompConnection},
    protocol::version::Version,
};

/// Where clients connect.
pub const STOMP_PATH: &str = "/ws";

/// STOMP, ready to be put in front of a router.
pub struct StompGateway {
    stomp: Arc<Stomp>,
    sockjs: SockJs<StompApplication>,
}

/// STOMP as SockJS sees it.
struct StompApplication(Arc<Stomp>);

impl StompGateway {
    /// Builds the gateway. Must be called within the runtime.
    pub fn new(context: &GatewayContext, config: StompConfig) -> Self {
        let sockjs = SockJsConfig {
            queue_entries: config.queue_entries,
            needs_cookie: config.sockjs_cookie,
            guesses_per_minute: config.guesses_per_minute,
            ..SockJsConfig::default()
        };
        let stomp = Arc::new(Stomp { context: context.clone(), config });
        let sockjs = SockJs::new(StompApplication(stomp.clone()), sockjs);
        Self { stomp, sockjs }
    }
}

impl Gateway for StompGateway {
    fn router(&self) -> Router {
        let raw = get(connect_client_by_websocket).with_state(self.stomp.clone());
        let guarded =
            Router::new().route("/websocket", raw).merge(self.sockjs.build_router_of_transports());
        let guarded = self.stomp.context.browsers.guard_router_from_foreigners(guarded);
        let greeting = get(connect_client_or_greet).with_state(self.stomp.clone());
        Router::new()
            .route(STOMP_PATH, greeting.clone())
            .route(&format!("{STOMP_PATH}/"), greeting)
            .nest(STOMP_PATH, guarded.merge(self.sockjs.build_router_of_pages()))
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // Those that have a session were closed by the core; the others wait for a CONNECT, with nothing to lose.
        self.sockjs.close_all_live_sessions();
        Box::pin(std::future::ready(()))
    }
}

/// The raw address is that of SockJS's greeting, too.
async fn connect_client_or_greet(state: State<Arc<Stomp>>, request: Request) -> Response {
    if !request.headers().contains_key(header::UPGRADE) {
        return owlpost_sockjs::answer_request_with_greeting();
    }
    match state.context.browsers.refuse_request_of_foreigner(request.headers()) {
        Some(refusal) => refusal.into_response(),
        None => connect_client_by_websocket(state, request).await,
    }
}

async fn connect_client_by_websocket(
    State(stomp): State<Arc<Stomp>>,
    mut request: Request,
) -> Response {
    let mut accepted = match accept_handshake_of_websocket(request.headers()) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.describe_refusal_of_request().into_response(),
    };
    let extensions = request.extensions();
    let address = extensions.get::<ClientAddress>().map(|client| client.0);
    let place = match take_place_or_refuse(&stomp, address) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    let opening = Opening {
        token: find_token_of_request(request.headers(), request.uri()),
        carrier: "websocket",
        beats_agreed: Box::new(|| {}),
    };
    if let Some(chosen) = choose_version_of_subprotocols(request.headers()) {
        accepted.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    let pipe = Pipe::with_capacity(stomp.config.queue_entries);
    let connection =
        StompConnection::open_connection_of_stranger(&stomp, pipe.clone(), opening, place);
    let upgrade = hyper::upgrade::on(&mut request);
    let carried = CarriedPipe::new(pipe, connection);
    carry_connection_of_upgrade(upgrade, stomp.config.connect_timeout, carried);
    (StatusCode::SWITCHING_PROTOCOLS, accepted).into_response()
}

fn take_place_or_refuse(
    stomp: &Stomp,
    address: Option<std::net::IpAddr>,
) -> Result<Place, Box<Response>> {
    let places = &stomp.context.places;
    places.take_place_for_guest(address).map_err(|_| refuse_client_without_place().into())
}

/// For clients that cannot put it into `CONNECT`.
fn find_token_of_request(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let of_query = |name| find_query_value_by_name(uri.query(), name);
    of_query("access_token")
        .or_else(|| of_query("token"))
        .or_else(|| find_bearer_token_in_headers(headers))
        .filter(|token| !token.is_empty())
}

/// The highest version among what is offered; a client that offers nothing of ours breaks the connection by itself.
fn choose_version_of_subprotocols(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offered: Vec<&str> = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(str::trim))
        .collect();
    let name_of = |version: Version| match version {
        Version::V10 => "v10.stomp",
        Version::V11 => "v11.stomp",
        Version::V12 => "v12.stomp",
    };
    [Version::V12, Version::V11, Version::V10]
        .map(name_of)
        .into_iter()
        .find(|name| offered.contains(name))
        .map(HeaderValue::from_static)
}

impl Application for StompApplication {
    type Connection = StompConnection;

    fn open_connection(
        &self,
        request: &Parts,
        arrival: Arrival,
    ) -> Result<Arc<StompConnection>, Box<Response>> {
        let Arrival { pipe, transport, beat } = arrival;
        let address = request.extensions.get::<ClientAddress>().map(|client| client.0);
        let place = take_place_or_refuse(&self.0, address)?;
        let opening = Opening {
            token: find_token_of_request(&request.headers, &request.uri),
            carrier: transport.as_label(),
            beats_agreed: Box::new(move || beat.stop_beating_of_transport()),
        };
        Ok(StompConnection::open_connection_of_stranger(&self.0, pipe, opening, place))
    }
}
