//! The smallest gateway: lines over TCP. A client sends its access token, then calls, each as a name and a JSON object:
//! `room:join {"room":"incidents"}`. It is sent every event it is entitled to as a line, and its answers in turn with them.
//! `echo {…}` is a request that only this protocol has.
//!
//! `DATABASE_URL=… JWT_SECRET=… cargo run --release -p owlpost-gateway --example echo`, then `nc 127.0.0.1 <port>`.

use std::{error::Error, sync::Arc, task::Waker};

use owlpost_admission::{Networks, Places};
use owlpost_domain::{DomainConfig, Store};
use owlpost_gateway::{
    Admission, BrowserGuard, Call, ClientCall, Conversation, GatewayContext, GatewayLimits,
    Outcome, Peer, PeerLabels, admission::authenticate_with_database_patience,
};
use owlpost_realtime::{
    CloseReason, Frame, QueueReader, QueueTransport, Realtime, RealtimeConfig, Reply, Resumption,
    SendOutcome, SessionEnd, Transport,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
};

/// Lines between the core and the connection. More waits in the session's outbox.
const QUEUE_LINES: usize = 64;

/// What is written to a client.
struct Line(String);

impl From<&Frame> for Line {
    fn from(frame: &Frame) -> Self {
        Self(format!("{} {}\n", frame.name, frame.payload))
    }
}

/// The way to one client.
struct EchoPeer(Arc<QueueTransport<Line>>);

impl Transport for EchoPeer {
    fn try_send_frame(&self, frame: &Frame) -> SendOutcome {
        self.0.try_send_frame(frame)
    }

    fn wake_when_writable(&self, waker: &Waker) {
        self.0.wake_when_writable(waker);
    }

    fn close_with_reason(&self, reason: CloseReason) {
        self.0.close_with_reason(reason);
    }
}

impl Peer for EchoPeer {
    /// There is one answer for each line, in their order: nothing says where it belongs.
    type Ticket = ();

    fn reply_to_call(self: &Arc<Self>, (): (), outcome: Outcome) -> Arc<dyn Reply> {
        let text = match outcome {
            Ok(answer) => format!("ok {}\n", Value::Object(answer)),
            Err(refusal) => format!("{} {}\n", refusal.code.as_str(), refusal.message),
        };
        Arc::new(EchoReply(self.clone(), text))
    }

    fn labels(&self) -> PeerLabels {
        PeerLabels { protocol: "echo", transport: "tcp", format: "lines" }
    }
}

/// An answer on its way.
struct EchoReply(Arc<EchoPeer>, String);

impl Reply for EchoReply {
    fn try_send_reply(&self) -> SendOutcome {
        self.0.0.try_send_queue_item(Line(self.1.clone()))
    }

    fn byte_len(&self) -> usize {
        self.1.len()
    }
}

type Ended<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// Has a conversation with one client until it hangs up, or is hung up on.
pub async fn serve_one_echo_client(context: GatewayContext, stream: TcpStream) -> Ended {
    let mut client = BufReader::new(stream).lines();
    let token = client.next_line().await?;
    let store = context.core.store();
    let (user, access) = authenticate_with_database_patience(store, token.as_deref())
        .await
        .map_err(|refusal| refusal.to_string())?;
    let admission = Admission { user, access, resumption: Resumption::default() };
    let (transport, queue) = QueueTransport::with_capacity(QUEUE_LINES);
    let peer = Arc::new(EchoPeer(transport));
    let socket_id = uuid::Uuid::new_v4().to_string();
    let conversation =
        Conversation::register_session_of_peer(&context, &admission, socket_id, peer)?;
    conversation.start_work_of_conversation(admission.resumption);
    let ended = carry_lines_until_end(&conversation, queue, client).await;
    conversation.note_end_of_conversation(SessionEnd::Lost, "hung up");
    ended
}

async fn carry_lines_until_end(
    conversation: &Arc<Conversation<EchoPeer>>,
    mut queue: QueueReader<Line>,
    mut client: Lines<BufReader<TcpStream>>,
) -> Ended {
    loop {
        tokio::select! {
            line = client.next_line() => match line? {
                Some(line) => receive_line_of_client(conversation, &line),
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

fn receive_line_of_client(conversation: &Arc<Conversation<EchoPeer>>, line: &str) {
    let (name, payload) = line.split_once(' ').unwrap_or((line, "{}"));
    let payload = serde_json::from_str::<Value>(payload).map_err(|error| error.to_string());
    if name == "echo" {
        conversation.receive_work_in_order("echo", Some(()), line.len(), async move |_| {
            Ok(payload.ok().and_then(|payload| payload.as_object().cloned()))
        });
        return;
    }
    conversation.receive_call_in_order(Call {
        call: ClientCall::find_call_by_event(name).ok_or_else(|| name.to_owned()),
        payload,
        ticket: Some(()),
        message_bytes: line.len(),
    });
}

#[allow(clippy::print_stdout)]
#[tokio::main]
async fn main() -> Ended {
    let (url, secret) = (std::env::var("DATABASE_URL")?, std::env::var("JWT_SECRET")?);
    let store = Store::connect_to_database_url(&url, 10, DomainConfig::with_secret(secret)).await?;
    store.migrate_schema_to_current().await?;
    let core = Realtime::start_with_domain_store(store, RealtimeConfig::default()).await?;
    let places = Places::new(100, 0, Networks::default());
    let browsers = BrowserGuard::new([]);
    let context = GatewayContext::new(core, GatewayLimits::default(), browsers, places);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve_one_echo_client(context.clone(), stream));
    }
}
