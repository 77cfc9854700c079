//! Https by the server itself: with files that are renewed, and with an authority that speaks ACME.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use crate::support;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use support::{DEADLINE, TestServer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

const NAME: &str = "localhost";

fn certify(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([name.to_owned()]).unwrap()
}

fn write_pair(directory: &Path, pair: &CertifiedKey<KeyPair>) -> [String; 2] {
    let paths = ["cert.pem", "key.pem"].map(|name| directory.join(name).display().to_string());
    fs::write(&paths[0], pair.cert.pem()).unwrap();
    fs::write(&paths[1], pair.signing_key.serialize_pem()).unwrap();
    paths
}

/// A client that trusts one certificate.
fn trust(certificate: CertificateDer<'static>) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// What a request is answered, when the certificate is one that is trusted.
async fn ask(connector: &TlsConnector, port: u16, head: &str) -> std::io::Result<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let mut stream = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await?;
    let request = format!("{head}host: localhost:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer).await {
        // Some close without a word.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

const HEALTH: &str = "GET /health HTTP/1.1\r\n";

async fn wait_until_trusted(connector: &TlsConnector, port: u16, server: &TestServer) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match ask(connector, port, HEALTH).await {
            Ok(answer) if answer.starts_with("HTTP/1.1 200") => return,
            other => assert!(Instant::now() < deadline, "{other:?}\n{}", server.log()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn port_of_server(server: &TestServer) -> u16 {
    let address = &server.api.address;
    assert!(address.starts_with("https://"), "{address}");
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn should_speak_https_and_take_a_renewed_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let first = certify(NAME);
    let [certificate, key] = write_pair(directory.path(), &first);
    let settings = [("TLS_CERTIFICATE", certificate.as_str()), ("TLS_KEY", key.as_str())];
    let server = TestServer::start_with(&settings);
    let port = port_of_server(&server);
    let connector = trust(first.cert.der().clone());
    wait_until_trusted(&connector, port, &server).await;
    let poll = ask(&connector, port, "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n").await;
    assert!(poll.unwrap().starts_with("HTTP/1.1 200"));
    let upgrade = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nupgrade: websocket\r\n\
                   connection: upgrade\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: https://localhost:PORT\r\n";
    let upgrade = upgrade.replace("PORT", &port.to_string());
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let mut socket = connector.connect(ServerName::try_from(NAME).unwrap(), stream).await.unwrap();
    socket.write_all(format!("{upgrade}host: localhost:{port}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
    // Who speaks no TLS is told.
    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut told = String::new();
    plain.read_to_string(&mut told).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 400") && told.contains("https only"), "{told}");
    // Half of a renewal, with a key of another, changes nothing.
    let second = certify(NAME);
    fs::write(&certificate, second.cert.pem()).unwrap();
    server.wait_for_log("the certificate stays").await;
    wait_until_trusted(&connector, port, &server).await;
    fs::write(&key, second.signing_key.serialize_pem()).unwrap();
    wait_until_trusted(&trust(second.cert.der().clone()), port, &server).await;
    // Without the session of before, which needs no certificate.
    let stranger = trust(first.cert.der().clone());
    assert!(ask(&stranger, port, HEALTH).await.is_err(), "the old one is not shown any more");
}

#[tokio::test]
async fn should_give_up_whoever_shakes_no_hand() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = write_pair(directory.path(), &certify(NAME));
    let server = TestServer::start_with(&[
        ("TLS_CERTIFICATE", &certificate),
        ("TLS_KEY", &key),
        ("HEADER_READ_TIMEOUT", "300"),
        ("MAX_CONNECTIONS", "1"),
    ]);
    let port = port_of_server(&server);
    for begun in [&b""[..], &[22], &[22, 3, 1, 2, 0]] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(begun).await.unwrap();
        // Closed by the server, which has its one place back for the next.
        let mut rest = Vec::new();
        let end = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut rest)).await.unwrap();
        assert!(end.is_err() || rest.is_empty(), "{rest:?}");
    }
}

#[test]
fn should_refuse_files_that_are_no_pair() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key] = write_pair(directory.path(), &certify(NAME));
    let other = tempfile::tempdir().unwrap();
    let [_, other_key] = write_pair(other.path(), &certify(NAME));
    for (certificate, key, reason) in [
        (&certificate, &other_key, "should be the key of TLS_CERTIFICATE"),
        (&key, &key, "TLS_CERTIFICATE: there is none"),
        (&certificate, &certificate, "TLS_KEY"),
        (&"/nowhere.pem".to_owned(), &key, "cannot be read"),
    ] {
        let database = support::TestDatabase::create();
        let output = database
            .command()
            .args(["serve", "--tls-certificate", certificate, "--tls-key", key])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(reason), "{reason}: {said}");
    }
}

/// The authority that Let's Encrypt publishes for tests; killed with it.
struct Pebble {
    process: Child,
    directory: tempfile::TempDir,
    port: u16,
    management: u16,
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find_free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Pebble {
    /// `None` where it is not installed.
    fn start_looking_at_port(looked_at: u16) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let [certificate, key] = write_pair(directory.path(), &certify(NAME));
        let (port, management) = (find_free_port(), find_free_port());
        let config = serde_json::json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": certificate, "privateKey": key,
            "httpPort": 1, "tlsPort": looked_at,
        }});
        let file = directory.path().join("pebble.json");
        fs::write(&file, config.to_string()).unwrap();
        let process = Command::new("pebble")
            .arg("-config")
            .arg(&file)
            // It refuses some of what it is asked, and waits, to try clients. The first is right to try.
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            eprintln!("left out: pebble is not installed");
            return None;
        };
        let pebble = Self { process, directory, port, management };
        let deadline = Instant::now() + DEADLINE;
        for port in [port, management] {
            while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(Instant::now() < deadline, "pebble does not listen");
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
        Some(pebble)
    }

    fn directory_url(&self) -> String {
        format!("https://{NAME}:{}/dir", self.port)
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// What it signs with.
    async fn root(&self) -> CertificateDer<'static> {
        let pem = fs::read(self.directory.path().join("cert.pem")).unwrap();
        let own = trust(CertificateDer::from_pem_slice(&pem).unwrap());
        let answer = ask(&own, self.management, "GET /roots/0 HTTP/1.0\r\n").await.unwrap();
        let pem = &answer[answer.find("-----BEGIN").unwrap()..];
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }
}

#[tokio::test]
async fn should_have_itself_certified_by_an_authority() {
    let port = find_free_port();
    let Some(mut pebble) = Pebble::start_looking_at_port(port) else { return };
    let trusted = pebble.directory.path().join("cert.pem").display().to_string();
    let cache = pebble.directory.path().join("acme").display().to_string();
    let (directory, port_text) = (pebble.directory_url(), port.to_string());
    let settings = [
        ("ACME_DOMAINS", NAME),
        ("ACME_CONTACT", "auror@hogwarts.edu"),
        ("ACME_DIRECTORY", &directory),
        ("ACME_CACHE", &cache),
        ("SOCKET_IO_PORT", &port_text),
        ("SSL_CERT_FILE", &trusted),
    ];
    let server = TestServer::start_with(&settings);
    let connector = trust(pebble.root().await);
    wait_until_trusted(&connector, port, &server).await;
    server.wait_for_log("a certificate is in use").await;
    drop(server);
    // Of what is on disk: the authority is away.
    pebble.kill();
    let server = TestServer::start_with(&settings);
    wait_until_trusted(&connector, port, &server).await;
}
