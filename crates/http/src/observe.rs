//! Request ids, one log line a request, and metrics. Tokens, bodies and queries are in none of them.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use owlpost_domain::UserId;
use owlpost_metrics::{HTTP_REQUEST_SECONDS, HTTP_REQUESTS};

use crate::{
    admit::ActingUser,
    error::FailureCause,
    request_id::{REQUEST_ID, accept_or_make_request_id},
};

/// What requests to no route are counted as.
const UNMATCHED: &str = "unmatched";
/// Asked every few seconds by machines; not worth a line each.
const QUIET_ROUTES: [&str; 3] = ["/health", "/health/ready", "/metrics"];
/// Status recorded for a request whose client went away before the answer.
const CLIENT_GONE: u16 = 499;

/// Gives the request an id, and records it when it is answered or given up.
pub(crate) async fn observe_request_from_outside(mut request: Request, next: Next) -> Response {
    let id = accept_or_make_request_id(request.headers());
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let mut record = RequestRecord::new(&request, id.clone());
    let mut response = next.run(request).await;
    record.note_answer_of_handlers(&response);
    drop(record);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// One request. Dropping it writes the line, so that a request whose client went away has one too.
struct RequestRecord {
    id: HeaderValue,
    method: &'static str,
    route: Option<MatchedPath>,
    started: Instant,
    status: Option<StatusCode>,
    user: Option<UserId>,
    cause: Option<Arc<str>>,
}

impl RequestRecord {
    fn new(request: &Request, id: HeaderValue) -> Self {
        Self {
            id,
            method: name_of_known_method(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            started: Instant::now(),
            status: None,
            user: None,
            cause: None,
        }
    }

    fn note_answer_of_handlers(&mut self, response: &Response) {
        self.status = Some(response.status());
        self.user = response.extensions().get::<ActingUser>().map(|user| user.0);
        self.cause = response.extensions().get::<FailureCause>().map(|cause| cause.0.clone());
    }

    fn write_line_to_log(&self, route: &str, status: u16) {
        let id = self.id.to_str().unwrap_or_default();
        let user = self.user.map(tracing::field::display);
        let duration_ms = (self.started.elapsed().as_secs_f64() * 1e5).round() / 100.0;
        if let Some(cause) = &self.cause {
            tracing::error!(request_id = id, route, cause = &**cause, "request failed");
        }
        if QUIET_ROUTES.contains(&route) {
            tracing::debug!(
                method = self.method,
                route,
                status,
                duration_ms,
                user,
                request_id = id,
                "request"
            );
        } else {
            tracing::info!(
                method = self.method,
                route,
                status,
                duration_ms,
                user,
                request_id = id,
                "request"
            );
        }
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        let route = self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        let status = self.status.map_or(CLIENT_GONE, |status| status.as_u16());
        self.write_line_to_log(route, status);
        let route = route.to_owned();
        let labels = [
            ("method", self.method.to_owned()),
            ("route", route.clone()),
            ("status", status.to_string()),
        ];
        metrics::counter!(HTTP_REQUESTS, &labels).increment(1);
        metrics::histogram!(HTTP_REQUEST_SECONDS, "method" => self.method, "route" => route)
            .record(self.started.elapsed().as_secs_f64());
    }
}

/// Clients may send any word as a method; metrics have room for the known ones.
fn name_of_known_method(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_count_unknown_methods_as_one() {
        assert_eq!(name_of_known_method(&Method::PATCH), "PATCH");
        assert_eq!(name_of_known_method(&Method::from_bytes(b"BREW").expect("method")), "OTHER");
    }
}
