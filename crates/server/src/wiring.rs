//! Puts the parts together: store, realtime core, gateways, REST, dashboard.

use std::{pin::Pin, sync::Arc, time::Duration};

use anyhow::bail;
use axum::Router;
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusHandle;
use metrics_process::Collector;
use owlpost_gateway::{Gateway, GatewayContext};
use owlpost_http::{HttpConfig, HttpState, MetricsRenderer, StallCheck, build_router_of_http};
use owlpost_outlet::{
    OutletKind, Outlets, rabbitmq::RabbitMq, web_push::WebPush, webhooks::Webhooks,
};
use owlpost_realtime::Realtime;
use owlpost_signalr::SignalRGateway;
use owlpost_socketio::SocketIoGateway;
use owlpost_stomp::StompGateway;

use crate::{
    base_path::serve_router_below_path, config::Settings, dashboard::build_router_of_dashboard,
    database::Database, operators::DoorOfAurors, telemetry::refresh_counters_before_scrape,
};

/// How often samples of histograms are folded into their buckets when nobody scrapes.
const METRICS_UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// What the listener serves, and how it is told to stop.
pub struct Application {
    /// Every route.
    pub router: Router,
    /// Lets readiness say that the server will stop. Run once, before `close`.
    pub announce_stop: Box<dyn FnOnce() + Send>,
    /// Tells sockets and streams to go and takes leave of the cluster. Run once, at shutdown.
    pub close: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Builds the application on an open, migrated database.
pub async fn build_application_from_parts(
    settings: &Settings,
    database: &Database,
    metrics: PrometheusHandle,
    workers_stuck: StallCheck,
) -> anyhow::Result<Application> {
    // The embedded database serves this process alone.
    let config = settings.to_realtime_config(database.embedded);
    let realtime = Realtime::start_with_domain_store(database.store.clone(), config).await?;
    let http = HttpConfig {
        workers_stuck,
        ..settings.to_http_config(render_metrics_of_process(metrics, realtime.clone()))
    };
    let base_path = &*settings.server.base_path;
    let http = HttpState::new(realtime.clone(), http);
    let operators = DoorOfAurors { http: http.clone(), store: database.store.clone() };
    let gateways = build_gateways_of_server(settings, &realtime, operators)?;
    let kinds = build_outlets_of_server(settings).await?;
    let outlets = Outlets::start_with_kinds(realtime.clone(), kinds, database.embedded);
    let router = build_router_of_http(http);
    // Within the router, which knows the routes.
    #[cfg(feature = "opentelemetry")]
    let router = router.layer(axum::middleware::from_fn(crate::traces::trace_request_from_caller));
    let router =
        router.fallback_service(build_router_of_dashboard(settings.server.admin_ui, base_path));
    let router = gateways.iter().fold(router, |router, gateway| router.merge(gateway.router()));
    let router = serve_router_below_path(router, base_path);
    let announcing = realtime.clone();
    let announce_stop = Box::new(move || announcing.announce_stop_to_balancers());
    let close = Box::pin(async move {
        outlets.stop_publishing_to_all().await;
        realtime.stop_node_with_farewell().await;
        join_all(gateways.iter().map(|gateway| gateway.close())).await;
    });
    Ok(Application { router, announce_stop, close })
}

/// Every protocol that is served besides HTTP.
fn build_gateways_of_server(
    settings: &Settings,
    realtime: &Realtime,
    operators: DoorOfAurors,
) -> anyhow::Result<Vec<Box<dyn Gateway>>> {
    let context = GatewayContext::new(
        realtime.clone(),
        settings.to_gateway_limits(),
        settings.to_browser_guard(),
        settings.to_places()?,
    );
    Ok(vec![
        Box::new(SocketIoGateway::new(&context, &settings.to_socketio_config(operators))),
        Box::new(SignalRGateway::new(&context, settings.to_signalr_config())),
        Box::new(StompGateway::new(&context, settings.to_stomp_config())),
    ])
}

/// Everybody outside who is told of events. Fails when the broker has another exchange of the name.
async fn build_outlets_of_server(settings: &Settings) -> anyhow::Result<Vec<Arc<dyn OutletKind>>> {
    let outlets = &settings.outlets;
    let caller = outlets.build_caller_of_addresses()?;
    let webhooks = Webhooks::new(caller.clone(), outlets.webhook_disable_after);
    let mut kinds: Vec<Arc<dyn OutletKind>> = vec![Arc::new(webhooks)];
    if let Some(config) = outlets.to_web_push_config() {
        kinds.push(Arc::new(WebPush::new(config, caller)));
    }
    if let Some(config) = outlets.to_rabbitmq_config() {
        let rabbitmq = RabbitMq::new(config);
        if let Err(refusal) = rabbitmq.declare_exchange_before_start().await {
            bail!("{refusal}");
        }
        kinds.push(Arc::new(rabbitmq));
    }
    Ok(kinds)
}

/// Renders the recorder's metrics, and keeps it from growing for as long as somebody may render.
fn render_metrics_of_process(metrics: PrometheusHandle, realtime: Realtime) -> MetricsRenderer {
    let renderer: MetricsRenderer = {
        let (metrics, process) = (metrics.clone(), Collector::default());
        Arc::new(move || {
            realtime.refresh_gauges_before_scrape();
            refresh_counters_before_scrape();
            process.collect();
            metrics.render()
        })
    };
    let alive = Arc::downgrade(&renderer);
    tokio::spawn(async move {
        while alive.strong_count() > 0 {
            metrics.run_upkeep();
            tokio::time::sleep(METRICS_UPKEEP_INTERVAL).await;
        }
    });
    renderer
}
