//! The accept loop: bounds, aborts and draining, over real sockets.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, Router, routing::get};
use owlpost::listener::{
    ListenerConfig, serve_connections_until_shutdown, socket_options::bind_listener_to_address,
};
use owlpost_admission::{ClientAddress, Networks, Places};
use owlpost_testkit::{Answer, DEADLINE, RawConnection};
use tokio::{
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";

fn config_for_tests() -> ListenerConfig {
    ListenerConfig {
        places: Places::new(100, 0, Networks::default()),
        trusted_proxies: Networks::default(),
        tls: None,
        header_read_timeout: Duration::from_secs(10),
        max_header_bytes: 16 * 1024,
        tcp_user_timeout: Duration::from_secs(30),
        drain_timeout: Duration::from_secs(5),
    }
}

struct TestServer {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

fn start_server_with_router(router: Router, config: ListenerConfig) -> TestServer {
    start_server_with_close(router, config, async {})
}

fn start_server_with_close(
    router: Router,
    config: ListenerConfig,
    close: impl Future<Output = ()> + Send + 'static,
) -> TestServer {
    let listener = bind_listener_to_address(([127, 0, 0, 1], 0).into()).expect("free port");
    let addr = listener.local_addr().expect("address");
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let task =
        tokio::spawn(serve_connections_until_shutdown(listener, router, config, shutdown, close));
    TestServer { addr, stop, task }
}

impl TestServer {
    async fn connect_new_client(&self) -> RawConnection {
        RawConnection::connect(self.addr).await
    }
}

#[tokio::test]
async fn should_give_every_request_the_address_of_its_client() {
    let handler = |Extension(ClientAddress(address)): Extension<ClientAddress>| async move {
        format!("hello {address}")
    };
    let router = Router::new().route("/", get(handler));
    let server = start_server_with_router(router.clone(), config_for_tests());
    let mut client = server.connect_new_client().await;
    let request = b"GET / HTTP/1.1\r\nhost: test\r\nx-forwarded-for: 9.9.9.9\r\n\r\n";
    client.write_raw_bytes_to_server(request).await;
    let answer = client.receive_next_whole_answer().await.expect("an answer");
    assert_eq!(answer.text(), "hello 127.0.0.1");

    let trusted_proxies = Networks::from_texts(["127.0.0.1"]).expect("a network");
    let config = ListenerConfig { trusted_proxies, ..config_for_tests() };
    let server = start_server_with_router(router, config);
    let mut client = server.connect_new_client().await;
    client.write_raw_bytes_to_server(request).await;
    let answer = client.receive_next_whole_answer().await.expect("an answer");
    assert_eq!(answer.text(), "hello 9.9.9.9");
}

#[tokio::test]
async fn should_close_a_connection_that_sends_no_head() {
    let config =
        ListenerConfig { header_read_timeout: Duration::from_millis(50), ..config_for_tests() };
    let server = start_server_with_router(Router::new(), config);
    let mut client = server.connect_new_client().await;
    client.write_raw_bytes_to_server(b"GET / HTTP/1.1\r\nhost: te").await;
    let answer = client.read_text_until_close().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn should_refuse_a_head_that_is_too_large() {
    let server = start_server_with_router(Router::new(), config_for_tests());
    let mut client = server.connect_new_client().await;
    let head = format!("GET / HTTP/1.1\r\nhost: test\r\nx-long: {}\r\n\r\n", "x".repeat(20_000));
    let _ = client.try_writing_bytes_to_server(head).await;
    let answer = client.read_text_until_close().await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn should_answer_connections_above_the_cap_with_503() {
    expect_two_places_then_503(Places::new(2, 0, Networks::default())).await;
}

#[tokio::test]
async fn should_answer_connections_above_the_cap_of_their_address_with_503() {
    expect_two_places_then_503(Places::new(100, 2, Networks::default())).await;
}

async fn expect_two_places_then_503(places: Arc<Places>) {
    let router = Router::new().route("/", get(|| async { "hello" }));
    let server = start_server_with_router(router, ListenerConfig { places, ..config_for_tests() });
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect_new_client().await;
        client.write_raw_bytes_to_server(REQUEST).await;
        let answer = client.receive_next_whole_answer().await.expect("an answer");
        assert_eq!(answer.text(), "hello");
        held.push(client);
    }
    let mut refused = server.connect_new_client().await;
    assert!(refused.read_text_until_close().await.starts_with("HTTP/1.1 503"));
    // A place that is given up is free again, as soon as the server has noticed.
    drop(held.pop());
    let admitted = async {
        loop {
            let mut client = server.connect_new_client().await;
            // A connection that is refused may be closed before it is written to.
            if client.try_writing_bytes_to_server(REQUEST).await.is_ok()
                && matches!(
                    client.receive_next_whole_answer().await,
                    Some(Answer { status: 200, .. })
                )
            {
                break;
            }
        }
    };
    timeout(DEADLINE, admitted).await.expect("a place becomes free");
}

#[tokio::test]
async fn should_finish_the_request_in_flight_at_shutdown() {
    let entered = Arc::new(Notify::new());
    let finish = Arc::new(Notify::new());
    let handler = {
        let (entered, finish) = (entered.clone(), finish.clone());
        move || async move {
            entered.notify_one();
            finish.notified().await;
            "finished"
        }
    };
    let (closed, close_ran) = oneshot::channel::<()>();
    let close = async move { closed.send(()).expect("test waits") };
    let server =
        start_server_with_close(Router::new().route("/", get(handler)), config_for_tests(), close);
    let mut busy = server.connect_new_client().await;
    busy.write_raw_bytes_to_server(REQUEST).await;
    timeout(DEADLINE, entered.notified()).await.expect("request arrives");
    let mut idle = server.connect_new_client().await;

    let TestServer { addr, stop, task } = server;
    stop.send(()).expect("server runs");
    timeout(DEADLINE, close_ran).await.expect("in time").expect("close hook runs");
    assert_eq!(idle.read_text_until_close().await, "", "idle connections are closed");
    assert!(!task.is_finished(), "the request is still running");
    finish.notify_one();
    assert!(busy.read_text_until_close().await.contains("finished"));
    timeout(DEADLINE, task).await.expect("in time").expect("server ends");
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn should_cut_requests_that_outlast_the_drain() {
    let entered = Arc::new(Notify::new());
    let handler = {
        let entered = entered.clone();
        move || async move {
            entered.notify_one();
            std::future::pending::<&'static str>().await
        }
    };
    let config = ListenerConfig { drain_timeout: Duration::from_millis(50), ..config_for_tests() };
    let server = start_server_with_router(Router::new().route("/", get(handler)), config);
    let mut client = server.connect_new_client().await;
    client.write_raw_bytes_to_server(REQUEST).await;
    timeout(DEADLINE, entered.notified()).await.expect("request arrives");
    server.stop.send(()).expect("server runs");
    timeout(DEADLINE, server.task).await.expect("in time").expect("server ends");
}
