//! Traces to a collector, when the environment names one: from a request to the last session that its event was handed to.
//! How and where to is read by the library from the environment, by the names every program has for it (`OTEL_…`).

use std::{sync::OnceLock, time::Duration};

use anyhow::Context as _;
use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use opentelemetry::{global, trace::TracerProvider as _};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use owlpost_domain::event::TRACES;
use tracing::{Instrument as _, Subscriber, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer, registry::LookupSpan};

/// Without one of these there is no collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// What collects spans, if there is somebody to tell.
pub fn build_layer_of_traces<S>() -> anyhow::Result<Option<impl Layer<S>>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    if !is_collector_named_by_environment() {
        return Ok(None);
    }
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT: there can be no traces")?;
    let resource = Resource::builder();
    let resource = if is_variable_of_environment_set("OTEL_SERVICE_NAME") {
        resource
    } else {
        resource.with_service_name("owlpost")
    };
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let tracer = provider.tracer("owlpost");
    global::set_text_map_propagator(TraceContextPropagator::new());
    let _ = PROVIDER.set(provider);
    Ok(Some(tracing_opentelemetry::layer().with_tracer(tracer).with_location(false)))
}

/// Spans of traces are collected whatever `RUST_LOG` chooses. Lines of the log then say which request they belong to.
pub(crate) fn let_spans_pass_filter(filter: EnvFilter) -> EnvFilter {
    match format!("{TRACES}=debug").parse() {
        Ok(directive) if is_collector_named_by_environment() => filter.add_directive(directive),
        _ => filter,
    }
}

fn is_collector_named_by_environment() -> bool {
    ENDPOINTS.into_iter().any(is_variable_of_environment_set)
}

fn is_variable_of_environment_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Sends what is left, but does not wait for ever for who takes it.
pub fn flush_traces_within_bound(timeout: Duration) {
    if let Some(provider) = PROVIDER.get() {
        let _ = provider.shutdown_with_timeout(timeout);
    }
}

/// A request is a span, a part of its caller's trace if that says which.
pub async fn trace_request_from_caller(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "other".to_owned());
    let span = tracing::debug_span!(
        target: TRACES,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
    );
    let caller = global::get_text_map_propagator(|propagator| {
        propagator.extract(&HeaderExtractor(request.headers()))
    });
    // It fails when nobody traces.
    let _ = span.set_parent(caller);
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    response
}
