//! What surrounds the routes: health, metrics, documents, headers, CORS, compression, rates.

#![allow(clippy::unwrap_used)]

use crate::support;

use serde_json::{Value, json};
use support::{PASSWORD, TestServer};

#[tokio::test]
async fn should_say_that_it_lives_and_is_ready() {
    let server = TestServer::start();
    let get = |path: &'static str| server.api.send(server.api.request("GET", path));
    assert_eq!(get("/health").await.expect(200).json, json!({ "status": "ok" }));
    let ready = get("/health/ready").await.expect(200).json;
    assert_eq!(
        ready,
        json!({ "status": "ok", "checks": { "database": "ok", "bus": "none", "tasks": "ok", "workers": "ok" } })
    );
    let meta = get("/api/meta").await.expect(200).json;
    assert_eq!(
        meta,
        json!({ "name": "Owl Post", "version": env!("CARGO_PKG_VERSION"), "demo": false })
    );
}

#[tokio::test]
async fn should_count_requests_by_route_and_never_by_path() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let id = incident["id"].as_str().unwrap();
    server.api.get(&format!("/api/incidents/{id}"), &harry).await.expect(200);
    server.api.get("/api/incidents/5?secret=1", &harry).await.expect(400);
    server.api.get("/api/nothing", &harry).await.expect(404);
    let metrics = server.api.send(server.api.request("GET", "/metrics")).await.expect(200);
    assert!(metrics.header("content-type").starts_with("text/plain; version=0.0.4"));
    let version = format!(r#"version="{}""#, env!("CARGO_PKG_VERSION"));
    for name in [
        "owlpost_build_info{",
        &version,
        "process_cpu_seconds_total ",
        "process_resident_memory_bytes ",
        "process_open_fds ",
    ] {
        assert!(metrics.text.contains(name), "{name} is not in\n{}", metrics.text);
    }
    for line in [
        r#"owlpost_http_requests_total{method="GET",route="/api/incidents/{id}",status="200"} 1"#,
        r#"owlpost_http_requests_total{method="GET",route="/api/incidents/{id}",status="400"} 1"#,
        r#"owlpost_http_requests_total{method="POST",route="/api/incidents",status="201"} 1"#,
        r#"owlpost_http_request_seconds_count{method="GET",route="/api/incidents/{id}"} 2"#,
    ] {
        assert!(metrics.text.contains(line), "{line} is not in\n{}", metrics.text);
    }
    assert!(!metrics.text.contains(id) && !metrics.text.contains("nothing"));
}

#[tokio::test]
async fn should_log_one_line_a_request_without_tokens_bodies_or_queries() {
    let server =
        TestServer::start_with(&[("LOG_FORMAT", "json"), ("RUST_LOG", "debug,hyper=info")]);
    let harry = server.student("harry").await;
    let request =
        server.api.request("POST", "/api/incidents?secret=in-query").bearer_auth(&harry.token);
    let request =
        request.header("x-request-id", "trace-4711").json(&json!({ "title": "Secret in body" }));
    let answer = server.api.send(request).await.expect(201);
    assert_eq!(answer.header("x-request-id"), "trace-4711");
    let deadline = tokio::time::Instant::now() + support::DEADLINE;
    let line = loop {
        let log = server.log();
        let lines: Vec<Value> = log
            .lines()
            .filter(|line| line.contains("trace-4711"))
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        if let [line] = &lines[..] {
            break line.clone();
        }
        assert!(lines.is_empty() && tokio::time::Instant::now() < deadline, "{lines:?}");
    };
    assert_eq!(
        (&line["method"], &line["route"], &line["status"]),
        (&json!("POST"), &json!("/api/incidents"), &json!(201))
    );
    assert_eq!(line["user"], json!(harry.id));
    assert!(line["duration_ms"].as_f64().is_some_and(|duration| duration > 0.0));
    let log = server.wait_until_log_is_whole().await;
    for secret in [&harry.token, &harry.refresh_token, PASSWORD, "in-query", "Secret in body"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn should_describe_itself_and_answer_every_route_described() {
    let server = TestServer::start();
    let auror = server.auror().await;
    let document =
        server.api.send(server.api.request("GET", "/api/openapi.json")).await.expect(200);
    assert_eq!(document.header("content-type"), "application/json");
    for (path, item) in document.json["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let path = path
                .replace("{id}", "5")
                .replace("{commentId}", "5")
                .replace("{file}", "index.html");
            let request =
                server.api.request(&method.to_uppercase(), &path).bearer_auth(&auror.token);
            let answer = server.api.send(request).await;
            assert!(!matches!(answer.status, 404 | 405), "{method} {path}: {}", answer.status);
        }
    }
    assert_eq!(
        server.api.send(server.api.request("GET", "/docs")).await.expect(303).header("location"),
        "/docs/"
    );
    let page = server.api.send(server.api.request("GET", "/docs/")).await.expect(200);
    assert!(
        page.header("content-type").starts_with("text/html") && page.text.contains("swagger-ui")
    );
    assert!(!page.text.contains("//unpkg") && !page.text.contains("//cdn"), "works offline");
    for (file, content_type) in [
        ("swagger-ui-bundle.js", "javascript"),
        ("swagger-ui.css", "css"),
        ("swagger-initializer.js", "javascript"),
    ] {
        let answer =
            server.api.send(server.api.request("GET", &format!("/docs/{file}"))).await.expect(200);
        assert!(answer.header("content-type").contains(content_type), "{file}");
    }
    let initializer =
        server.api.send(server.api.request("GET", "/docs/swagger-initializer.js")).await;
    assert!(initializer.text.contains("/api/openapi.json"));
    server
        .api
        .send(server.api.request("GET", "/docs/nothing.js"))
        .await
        .expect_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn should_answer_unknown_routes_and_wrong_methods_in_the_same_shape() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/incidents/",
        "/api/incidents/5/nothing",
        "/api/auth",
        "/docs/x",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer =
                server.api.send(server.api.request(method, path).bearer_auth(&harry.token)).await;
            let refused = answer.status == 405 && path == "/docs/x";
            assert!(answer.status == 404 || refused, "{method} {path}: {}", answer.status);
            assert!(
                ["NOT_FOUND", "VALIDATION_ERROR"].contains(&answer.code()),
                "{method} {path}: {}",
                answer.text
            );
        }
    }
    for (method, path) in [
        ("PUT", "/api/incidents"),
        ("GET", "/api/auth/login"),
        ("BREW", "/api/users"),
        ("DELETE", "/health"),
    ] {
        let answer = server.api.send(server.api.request(method, path)).await;
        answer.expect_error(405, "VALIDATION_ERROR");
        assert!(!answer.header("allow").is_empty(), "{method} {path}");
    }
}

#[tokio::test]
async fn should_protect_answers_and_compress_the_large_ones() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for number in 0..10 {
        server.api.report(&harry, json!({ "title": format!("Troll {number}") })).await;
    }
    let list = server.api.get("/api/incidents", &harry).await.expect(200);
    assert_eq!(
        (list.header("x-content-type-options"), list.header("cache-control")),
        ("nosniff", "no-store")
    );
    assert!(list.header("content-security-policy").contains("default-src 'none'"));
    let request = server
        .api
        .request("GET", "/api/incidents")
        .bearer_auth(&harry.token)
        .header("accept-encoding", "gzip");
    let packed = server.api.send(request).await.expect(200);
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.text.len() < list.text.len() / 2);
    let request = server.api.request("GET", "/health").header("accept-encoding", "gzip");
    assert_eq!(server.api.send(request).await.expect(200).header("content-encoding"), "");
    let (head, found) =
        (server.api.request("HEAD", "/api/incidents").bearer_auth(&harry.token), "");
    assert_eq!(server.api.send(head).await.expect(200).text, found);
}

#[tokio::test]
async fn should_let_pages_of_allowed_origins_in() {
    let server = TestServer::start_with(&[(
        "SOCKET_IO_CORS_ORIGIN",
        "https://castle.example,http://localhost:3001",
    )]);
    let preflight = |origin: &'static str| {
        let request = server.api.request("OPTIONS", "/api/incidents/5").header("origin", origin);
        let request = request.header("access-control-request-method", "PATCH");
        server.api.send(
            request.header("access-control-request-headers", "authorization,content-type,if-match"),
        )
    };
    let allowed = preflight("https://castle.example").await.expect(200);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://castle.example");
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    assert!(allowed.header("access-control-allow-methods").contains("PATCH"));
    let refused = preflight("https://durmstrang.example").await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    let request =
        server.api.request("GET", "/api/incidents").header("origin", "http://localhost:3001");
    let answer = server.api.send(request).await;
    answer.expect_error(401, "UNAUTHENTICATED");
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3001");
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    assert!(
        ["etag", "retry-after", "x-request-id"].iter().all(|name| exposed.contains(name)),
        "{exposed}"
    );
}

#[tokio::test]
async fn should_limit_logins_by_address_and_believe_only_trusted_proxies() {
    let login = json!({ "email": "x@y", "password": "wrong" });
    let attempt = |server: &TestServer, forwarded: &str| {
        let request =
            server.api.request("POST", "/api/auth/login").header("x-forwarded-for", forwarded);
        let (api, request) = (server.api.clone(), request.json(&login));
        async move { api.send(request).await }
    };
    let server = TestServer::start_with(&[("RATE_LIMIT_AUTH", "3")]);
    for number in 0..3 {
        attempt(&server, &format!("9.9.9.{number}")).await.expect_error(401, "UNAUTHENTICATED");
    }
    let refused = attempt(&server, "9.9.9.9").await;
    refused.expect_error(429, "RATE_LIMITED");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    for _ in 0..50 {
        server.api.send(server.api.request("GET", "/health")).await.expect(200);
    }
    drop(server);

    let server =
        TestServer::start_with(&[("RATE_LIMIT_AUTH", "2"), ("TRUSTED_PROXIES", "127.0.0.0/8")]);
    for number in 0..6 {
        attempt(&server, &format!("6.6.6.6, 9.9.9.{number}"))
            .await
            .expect_error(401, "UNAUTHENTICATED");
    }
    attempt(&server, "9.9.9.0").await.expect_error(401, "UNAUTHENTICATED");
    attempt(&server, "7.7.7.7, 9.9.9.0").await.expect_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn should_limit_requests_by_user() {
    let server = TestServer::start_with(&[("RATE_LIMIT_HTTP", "5")]);
    let (harry, ron) = (server.student("harry").await, server.student("ron").await);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let (api, harry) = (server.api.clone(), harry.clone());
        requests.spawn(async move { api.get("/api/auth/me", &harry).await });
    }
    let answers = requests.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(!refused.is_empty() && refused.len() <= 35, "{}", refused.len());
    for answer in refused {
        answer.expect_error(429, "RATE_LIMITED");
        assert_eq!(answer.header("retry-after"), "1");
    }
    server.api.get("/api/auth/me", &ron).await.expect(200);
}

#[tokio::test]
async fn should_describe_every_metric_and_begin_its_counters_at_zero() {
    let server = TestServer::start();
    let metrics = server.api.send(server.api.request("GET", "/metrics")).await.expect(200).text;
    for metric in owlpost_metrics::METRICS {
        let (name, kind) = (metric.name, metric.kind.as_str());
        for labels in metric.list_known_label_sets() {
            if metric.kind == owlpost_metrics::Kind::Histogram {
                continue;
            }
            let labels: Vec<_> =
                labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
            let labels = labels.join(",");
            let start =
                if labels.is_empty() { format!("{name} ") } else { format!("{name}{{{labels}}} ") };
            assert!(metrics.lines().any(|line| line.starts_with(&start)), "{start}: {metrics}");
        }
        if metrics.contains(&format!("# TYPE {name} ")) {
            assert!(metrics.contains(&format!("# HELP {name} {}", metric.help)), "{name}");
            assert!(metrics.contains(&format!("# TYPE {name} {kind}")), "{name} is a {kind}");
        }
    }
    // Those of the process have the names that Prometheus gives them everywhere.
    let described = |name: &str| {
        name.starts_with("process_") || owlpost_metrics::METRICS.iter().any(|m| name == m.name)
    };
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let unknown: Vec<_> =
        types.filter(|line| !line.split(' ').next().is_some_and(described)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    for event in [
        r#"owlpost_event_deliveries_total{event="incident:created"} 0"#,
        r#"owlpost_client_events_total{event="room:join"} 0"#,
        r#"owlpost_client_events_total{event="unknown"} 0"#,
    ] {
        assert!(metrics.lines().any(|line| line == event), "{event}: {metrics}");
    }
}
