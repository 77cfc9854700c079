//! The smallest gateway: lines over TCP. A client sends its access token, then whatever it likes; it is sent every
//! event it is entitled to as a line, and each of its own lines back, in turn with the events.
//!
//! `DATABASE_URL=… JWT_SECRET=… cargo run --release --example echo`, then `nc 127.0.0.1 <port>`.

use std::{error::Error, sync::Arc};

use owlpost_domain::{DomainConfig, Store};
use owlpost_realtime::{
    Frame, QueueReader, QueueTransport, Realtime, RealtimeConfig, Reply, Resumption, SendOutcome,
    Session, SessionEnd, SessionRequest,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
};

/// What is written to a client.
struct Line(String);

impl From<&Frame> for Line {
    fn from(frame: &Frame) -> Self {
        Self(format!("{} {}\n", frame.name, frame.payload))
    }
}

/// A line of the client on its way back.
struct Echo(Arc<QueueTransport<Line>>, String);

impl Reply for Echo {
    fn try_send_reply(&self) -> SendOutcome {
        self.0.try_send_queue_item(Line(format!("echo {}\n", self.1)))
    }

    fn byte_len(&self) -> usize {
        self.1.len()
    }
}

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Opens the session of a connection, and ends it with the connection.
pub async fn serve_one_echo_client(core: Realtime, stream: TcpStream) -> Outcome {
    let mut client = BufReader::new(stream).lines();
    let token = client.next_line().await?.unwrap_or_default();
    let (user, token) = core.store().authenticate_user_by_token(&token).await?;
    let (transport, queue) = QueueTransport::with_capacity(64);
    let session = core.register_session_on_hold(SessionRequest {
        user,
        expires_at: token.expires_at,
        socket_id: uuid::Uuid::new_v4().to_string(),
        transport: transport.clone(),
        counts_as_presence: true,
        takes_over: None,
    })?;
    let ended = echo_lines_until_end(&core, &session, &transport, queue, client).await;
    core.forget_session_after_close(&session, SessionEnd::Lost);
    ended
}

async fn echo_lines_until_end(
    core: &Realtime,
    session: &Arc<Session>,
    transport: &Arc<QueueTransport<Line>>,
    mut queue: QueueReader<Line>,
    mut client: Lines<BufReader<TcpStream>>,
) -> Outcome {
    let ready = core.prepare_session_with_replay(session, &Resumption::default()).await?;
    core.start_session_after_preparation(session, ready);
    loop {
        tokio::select! {
            line = client.next_line() => match line? {
                Some(line) => core.send_reply_to_session(session, Arc::new(Echo(transport.clone(), line))),
                None => return Ok(()),
            },
            item = queue.next_item_of_queue() => match item {
                Some(Line(text)) => {
                    client.get_mut().get_mut().write_all(text.as_bytes()).await?;
                }
                None => return Ok(()),
            },
        }
    }
}

#[allow(clippy::print_stdout)]
#[tokio::main]
async fn main() -> Outcome {
    let (url, secret) = (std::env::var("DATABASE_URL")?, std::env::var("JWT_SECRET")?);
    let store = Store::connect_to_database_url(&url, 10, DomainConfig::with_secret(secret)).await?;
    store.migrate_schema_to_current().await?;
    let core = Realtime::start_with_domain_store(store, RealtimeConfig::default()).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve_one_echo_client(core.clone(), stream));
    }
}
