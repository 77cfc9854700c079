//! Every route of a server of SockJS.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{Method, StatusCode};

use crate::{
    application::{Application, Transport},
    config::SockJsConfig,
    headers::{
        allow_page_to_read, answer_preflight_of_page, answer_wrong_method_of_request,
        forbid_caching_of_answer, set_cookie_of_balancer,
    },
    pages::{IframePage, answer_request_with_info, answer_with_iframe_page},
    sessions::{SessionName, Sessions},
    transports::{
        send::receive_messages_by_post,
        streaming::{Stream, answer_with_endless_frames},
        websocket::connect_client_by_websocket,
        xhr::answer_poll_with_frame,
    },
};

/// Characters of the name of a session.
const MOST_NAME_CHARACTERS: usize = 128;

/// A server of SockJS, for one application at one address.
pub struct SockJs<A: Application> {
    sessions: Arc<Sessions<A>>,
}

/// What a client asks for with the last part of an address.
#[derive(Debug, Clone, Copy)]
enum Asked {
    WebSocket,
    Receive(Transport),
    Send,
}

impl Asked {
    fn find_asked_by_name(name: &str) -> Option<Self> {
        Some(match name {
            "websocket" => Self::WebSocket,
            "xhr" => Self::Receive(Transport::Xhr),
            "xhr_streaming" => Self::Receive(Transport::XhrStreaming),
            "eventsource" => Self::Receive(Transport::EventSource),
            "xhr_send" => Self::Send,
            _ => return None,
        })
    }

    /// The method that is for this, and what is said of it and of the question for it.
    const fn method(self) -> (Method, &'static str) {
        match self {
            Self::WebSocket => (Method::GET, "GET"),
            Self::Receive(Transport::EventSource) => (Method::GET, "OPTIONS, GET"),
            Self::Receive(_) | Self::Send => (Method::POST, "OPTIONS, POST"),
        }
    }
}

impl<A: Application> SockJs<A> {
    /// A server for this application.
    pub fn new(application: A, config: SockJsConfig) -> Self {
        Self { sessions: Arc::new(Sessions::new(application, config)) }
    }

    /// The routes that open sessions, and `/info`, to be nested at the address of the server. Whether a page may use them is
    /// for the caller to decide, in front.
    pub fn build_router_of_transports(&self) -> Router {
        Router::new()
            .route("/info", any(serve_request_for_info::<A>))
            .route("/{server}/{session}/{transport}", any(serve_request_of_session::<A>))
            .with_state(self.sessions.clone())
    }

    /// The routes of pages that anybody may load, to be nested at the same address. Everything else is not there.
    pub fn build_router_of_pages(&self) -> Router {
        let page = IframePage::from_client_url(&self.sessions.config.client_url);
        Router::new()
            .route("/{page}", any(answer_with_iframe_page))
            .fallback(async || StatusCode::NOT_FOUND)
            .with_state(page)
    }

    /// Ends every connection that requests carry; those of websockets are their listeners' to end.
    pub fn close_all_live_sessions(&self) {
        self.sessions.close_sessions_by_server();
    }
}

async fn serve_request_for_info<A: Application>(
    State(sessions): State<Arc<Sessions<A>>>,
    request: Request,
) -> Response {
    answer_request_with_info(&sessions.config, request.method(), request.headers())
}

async fn serve_request_of_session<A: Application>(
    State(sessions): State<Arc<Sessions<A>>>,
    Path((server, session, transport)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let asked = Asked::find_asked_by_name(&transport);
    let Some(asked) = asked
        .filter(|_| is_name_allowed_by_protocol(&server) && is_name_allowed_by_protocol(&session))
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (method, allowed) = asked.method();
    if request.method() == Method::OPTIONS && !matches!(asked, Asked::WebSocket) {
        let mut preflight = answer_preflight_of_page(request.headers(), allowed);
        set_cookie_if_needed(&sessions, request.headers(), &mut preflight.1);
        return preflight.into_response();
    }
    if request.method() != method {
        return answer_wrong_method_of_request(allowed).into_response();
    }
    let headers = request.headers().clone();
    let mut response = match asked {
        Asked::WebSocket => return connect_client_by_websocket(&sessions, request),
        Asked::Send => {
            let (parts, body) = request.into_parts();
            let name = SessionName::from_request(&parts, &session);
            receive_messages_by_post(&sessions, &name, body).await
        }
        Asked::Receive(transport) => {
            answer_request_that_receives(&sessions, &session, request, transport).await
        }
    };
    allow_page_to_read(&headers, response.headers_mut());
    forbid_caching_of_answer(response.headers_mut());
    set_cookie_if_needed(&sessions, &headers, response.headers_mut());
    response
}

async fn answer_request_that_receives<A: Application>(
    sessions: &Arc<Sessions<A>>,
    session: &str,
    request: Request,
    transport: Transport,
) -> Response {
    let (parts, _) = request.into_parts();
    let name = SessionName::from_request(&parts, session);
    let session = match sessions.find_or_open_session(name, &parts, transport) {
        Ok(session) => session,
        Err(refusal) => return *refusal,
    };
    session.wait_until_receiver_absent().await;
    let most_bytes = sessions.config.response_bytes;
    match transport {
        Transport::Xhr | Transport::WebSocket => answer_poll_with_frame(session).await,
        Transport::XhrStreaming => answer_with_endless_frames(session, Stream::Xhr, most_bytes),
        Transport::EventSource => {
            answer_with_endless_frames(session, Stream::EventSource, most_bytes)
        }
    }
}

fn set_cookie_if_needed<A: Application>(
    sessions: &Sessions<A>,
    request: &http::HeaderMap,
    response: &mut http::HeaderMap,
) {
    if sessions.config.needs_cookie {
        set_cookie_of_balancer(request, response);
    }
}

/// Dots are what other servers tell files by.
fn is_name_allowed_by_protocol(name: &str) -> bool {
    !name.is_empty() && !name.contains('.') && name.chars().count() <= MOST_NAME_CHARACTERS
}
