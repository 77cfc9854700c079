//! What is put in front of a router: a service for tower and for hyper.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready as unless_pending},
};

use bytes::Bytes;
use engineioxide_core::TransportType;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::service::Service as HyperService;
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service as TowerService;

use crate::{
    compression::accepts_gzip_by_headers,
    config::EngineIoConfig,
    engine::EngineIo,
    handler::EngineIoHandler,
    polling::{answer_poll_of_session, open_session_by_polling, receive_packets_of_post},
    request::EngineRequest,
    response::{Rejection, ResponseBody, answer_with_status_only},
    websocket::{Opening, accept_websocket_of_request, serve_websocket_on_stream},
};

/// Answers requests below the engine's path, and leaves others to the service behind it.
pub struct EngineIoService<H: EngineIoHandler, S = NotFoundService> {
    behind: S,
    engine: Arc<EngineIo<H>>,
}

impl<H: EngineIoHandler, S: Clone> EngineIoService<H, S> {
    /// An engine of its own before `behind`.
    pub fn with_config_inner(behind: S, handler: Arc<H>, config: EngineIoConfig) -> Self {
        Self { behind, engine: EngineIo::new(handler, config) }
    }

    /// For servers that want a service for each connection.
    pub fn into_make_service(self) -> MakeEngineIoService<H, S> {
        MakeEngineIoService { service: self }
    }

    fn is_request_of_engine<R>(&self, request: &Request<R>) -> bool {
        is_path_of_engine(request.uri().path(), &self.engine.config.req_path)
    }

    fn answer_request_of_engine<F, R, B>(&self, request: Request<R>) -> ResponseFuture<F, B>
    where
        R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
        B: Send + 'static,
    {
        self.dispatch_request_by_transport(request)
            .unwrap_or_else(|rejection| ResponseFuture::from_response(rejection.into_response()))
    }

    fn dispatch_request_by_transport<F, R, B>(
        &self,
        request: Request<R>,
    ) -> Result<ResponseFuture<F, B>, Rejection>
    where
        R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
        B: Send + 'static,
    {
        let engine = &self.engine;
        let asked = EngineRequest::parse_query_of_request(&request, &engine.config)?;
        let socket = match asked.sid {
            None => None,
            Some(sid) => Some(engine.find_session_by_id(sid).ok_or(Rejection::UnknownSession)?),
        };
        match (asked.transport, request.method(), socket) {
            (TransportType::Polling, &Method::GET, None) => {
                open_session_by_polling(engine, &asked, request).map(ResponseFuture::from_response)
            }
            (TransportType::Polling, &Method::GET, Some(socket)) => {
                let max_payload = engine.config.max_payload;
                let takes_gzip = accepts_gzip_by_headers(request.headers());
                let answer = answer_poll_of_session(socket, max_payload, takes_gzip);
                Ok(ResponseFuture::from_answer(answer))
            }
            (TransportType::Polling, &Method::POST, Some(socket)) => {
                let answer = receive_packets_of_post(engine.clone(), socket, request);
                Ok(ResponseFuture::from_answer(answer))
            }
            (TransportType::Websocket, &Method::GET, socket) => {
                accept_websocket_of_request(engine, asked.protocol, socket, request)
                    .map(ResponseFuture::from_response)
            }
            _ => Err(Rejection::BadRequest),
        }
    }

    fn open_websocket_on_stream<St>(
        &self,
        stream: St,
        request: Request<()>,
    ) -> Result<(), Rejection>
    where
        St: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = EngineRequest::parse_query_of_request(&request, &self.engine.config)?;
        let socket = asked.sid.map(|sid| self.engine.find_session_by_id(sid));
        let socket = socket.map(|known| known.ok_or(Rejection::UnknownSession)).transpose()?;
        let engine = self.engine.clone();
        let opening = Opening::from_request_and_session(socket, asked.protocol, request)?;
        tokio::spawn(serve_websocket_on_stream(engine, opening, stream));
        Ok(())
    }
}

/// `/engine.io` and what is below it, but not `/engine.io-admin`.
fn is_path_of_engine(path: &str, own: &str) -> bool {
    path.strip_prefix(own)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || own.ends_with('/'))
}

impl<H: EngineIoHandler, S: Clone> Clone for EngineIoService<H, S> {
    fn clone(&self) -> Self {
        Self { behind: self.behind.clone(), engine: self.engine.clone() }
    }
}

impl<H: EngineIoHandler, S> std::fmt::Debug for EngineIoService<H, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineIoService").finish_non_exhaustive()
    }
}

impl<H, R, B, S> TowerService<Request<R>> for EngineIoService<H, S>
where
    H: EngineIoHandler,
    R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
    B: Body + Send + 'static,
    S: TowerService<Request<R>, Response = Response<B>> + Clone,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.behind.poll_ready(cx)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        if self.is_request_of_engine(&request) {
            return self.answer_request_of_engine(request);
        }
        ResponseFuture::Behind { future: self.behind.call(request) }
    }
}

impl<H, R, B, S> HyperService<Request<R>> for EngineIoService<H, S>
where
    H: EngineIoHandler,
    R: Body<Data: Send, Error: std::fmt::Debug> + Send + Unpin + 'static,
    B: Body + Send + 'static,
    S: HyperService<Request<R>, Response = Response<B>> + Clone,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, B>;

    fn call(&self, request: Request<R>) -> Self::Future {
        if self.is_request_of_engine(&request) {
            return self.answer_request_of_engine(request);
        }
        ResponseFuture::Behind { future: self.behind.call(request) }
    }
}

/// A stream that somebody else has upgraded already.
impl<H, St, S> TowerService<(St, Request<()>)> for EngineIoService<H, S>
where
    H: EngineIoHandler,
    St: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Clone,
{
    type Response = ();
    type Error = Rejection;
    type Future = Ready<Result<(), Rejection>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Rejection>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, (stream, request): (St, Request<()>)) -> Self::Future {
        ready(self.open_websocket_on_stream(stream, request))
    }
}

/// The same for hyper.
impl<H, St, S> HyperService<(St, Request<()>)> for EngineIoService<H, S>
where
    H: EngineIoHandler,
    St: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Clone,
{
    type Response = ();
    type Error = Rejection;
    type Future = Ready<Result<(), Rejection>>;

    fn call(&self, (stream, request): (St, Request<()>)) -> Self::Future {
        ready(self.open_websocket_on_stream(stream, request))
    }
}

type Answer<B> = Result<Response<ResponseBody<B>>, Rejection>;

pin_project! {
    /// An answer of the engine, or of the service behind it.
    #[project = Projected]
    #[allow(missing_docs, reason = "the macro takes no documentation of fields")]
    pub enum ResponseFuture<F, B> {
        /// Known already.
        Known {
            response: Option<Response<ResponseBody<B>>>,
        },
        /// Of a polling session.
        Awaited {
            answer: Pin<Box<dyn Future<Output = Answer<B>> + Send>>,
        },
        /// Of the service behind the engine.
        Behind {
            #[pin]
            future: F,
        },
    }
}

impl<F, B> ResponseFuture<F, B> {
    fn from_response(response: Response<ResponseBody<B>>) -> Self {
        Self::Known { response: Some(response) }
    }

    fn from_answer(answer: impl Future<Output = Answer<B>> + Send + 'static) -> Self {
        Self::Awaited { answer: Box::pin(answer) }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = match self.project() {
            Projected::Known { response } => response
                .take()
                .unwrap_or_else(|| answer_with_status_only(StatusCode::INTERNAL_SERVER_ERROR)),
            Projected::Awaited { answer } => {
                unless_pending!(answer.as_mut().poll(cx)).unwrap_or_else(Rejection::into_response)
            }
            Projected::Behind { future } => unless_pending!(future.poll(cx))?.map(Either::Right),
        };
        Poll::Ready(Ok(response))
    }
}

/// Makes a service for each connection, all of one engine.
pub struct MakeEngineIoService<H: EngineIoHandler, S> {
    service: EngineIoService<H, S>,
}

impl<H: EngineIoHandler, S> std::fmt::Debug for MakeEngineIoService<H, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MakeEngineIoService").finish_non_exhaustive()
    }
}

impl<H: EngineIoHandler, S: Clone, T> TowerService<T> for MakeEngineIoService<H, S> {
    type Response = EngineIoService<H, S>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: T) -> Self::Future {
        ready(Ok(self.service.clone()))
    }
}

/// A service that has nothing: every request is answered 404.
#[derive(Debug, Clone, Copy)]
pub struct NotFoundService;

impl<R> TowerService<Request<R>> for NotFoundService {
    type Response = Response<ResponseBody<Empty<Bytes>>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        ready(Ok(answer_with_status_only(StatusCode::NOT_FOUND)))
    }
}

impl<R> HyperService<Request<R>> for NotFoundService {
    type Response = Response<ResponseBody<Empty<Bytes>>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn call(&self, _: Request<R>) -> Self::Future {
        ready(Ok(answer_with_status_only(StatusCode::NOT_FOUND)))
    }
}

#[cfg(test)]
mod tests {
    use super::is_path_of_engine;

    #[test]
    fn should_know_its_own_paths() {
        for path in ["/engine.io", "/engine.io/", "/engine.io/below"] {
            assert!(is_path_of_engine(path, "/engine.io"), "{path}");
        }
        for path in ["/", "/engine.i", "/engine.io-admin", "/other/engine.io"] {
            assert!(!is_path_of_engine(path, "/engine.io"), "{path}");
        }
        assert!(is_path_of_engine("/engine.io/below", "/engine.io/"));
        assert!(!is_path_of_engine("/engine.io", "/engine.io/"));
    }
}
