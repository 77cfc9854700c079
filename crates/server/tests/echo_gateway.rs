//! The example of a gateway, as a client sees it: what stands between the core and any wire is enough for one, and brings
//! everything that a client of any protocol may call.

#![allow(clippy::unwrap_used)]

#[path = "../../gateway/examples/echo.rs"]
#[allow(dead_code, unreachable_pub, clippy::print_stdout)]
mod echo;
use crate::support;

use std::time::Duration;

use owlpost_admission::{Networks, Places};
use owlpost_domain::{User, incidents::NewIncident};
use owlpost_gateway::{BrowserGuard, GatewayContext, GatewayLimits};
use owlpost_realtime::{Realtime, RealtimeConfig};
use support::{DEADLINE, DomainLab};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::{TcpListener, TcpStream},
};

struct Client(Lines<BufReader<TcpStream>>);

impl Client {
    async fn connect(core: &Realtime, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (client, accepted) =
            tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let context = GatewayContext::new(
            core.clone(),
            GatewayLimits::default(),
            BrowserGuard::new([]),
            Places::new(10, 0, Networks::default()),
        );
        tokio::spawn(echo::serve_one_echo_client(context, accepted.unwrap().0));
        let mut client = Self(BufReader::new(client.unwrap()).lines());
        client.say(token).await;
        client
    }

    async fn say(&mut self, line: &str) {
        let stream = self.0.get_mut().get_mut();
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// The next line that begins so; what comes before it.
    async fn hear(&mut self, beginning: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            let line = tokio::time::timeout(DEADLINE, self.0.next_line()).await;
            let line = line.expect("a line in time").unwrap().expect("an open connection");
            let is_it = line.starts_with(beginning);
            heard.push(line);
            if is_it {
                return heard;
            }
        }
    }
}

async fn report(core: &Realtime, actor: &User, title: &str) {
    let (store, actor) = (core.store().clone(), actor.clone());
    let new = NewIncident { title: title.to_owned(), ..Default::default() };
    let change = async move { store.create_incident_with_events(&actor, new, None).await };
    core.commit_and_publish_events(change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_tell_an_echo_client_what_happens_and_its_own_words_in_turn() {
    let lab = DomainLab::open().await;
    let store = lab.store().clone();
    let registered = lab.register("harry@hogwarts.edu").await;
    let config = RealtimeConfig { sole_node: true, ..Default::default() };
    let core = Realtime::start_with_domain_store(store, config).await.unwrap();
    let mut harry = Client::connect(&core, &registered.access_token).await;
    harry.hear("connection:acknowledged ").await;
    assert_eq!(core.presence().list_online_users_sorted().len(), 1);
    report(&core, &registered.user, "Troll").await;
    harry.hear("incident:created ").await;
    harry.say(r#"echo {"where":"In the dungeon"}"#).await;
    assert_eq!(harry.hear("ok ").await.pop().unwrap(), r#"ok {"where":"In the dungeon"}"#);
    harry.say(r#"room:join {"room":"incidents"}"#).await;
    let joined = harry.hear("ok ").await.pop().unwrap();
    assert_eq!(joined, r#"ok {"count":0,"room":"incidents","users":[]}"#);
    harry.say(r#"room:join {"room":"dungeon"}"#).await;
    harry.hear("FORBIDDEN ").await;
    harry.say("room:join nothing").await;
    harry.hear("VALIDATION_ERROR ").await;
    harry.say("alohomora").await;
    harry.hear(r#"VALIDATION_ERROR event: unknown event "alohomora""#).await;
    drop(harry);
    let gone = async {
        while !core.presence().list_online_users_sorted().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("nobody is there any more");
    core.stop_node_with_farewell().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn should_let_no_stranger_hear_anything() {
    let lab = DomainLab::open().await;
    let config = RealtimeConfig { sole_node: true, ..Default::default() };
    let core = Realtime::start_with_domain_store(lab.store().clone(), config).await.unwrap();
    let mut stranger = Client::connect(&core, "not a token").await;
    let end = tokio::time::timeout(DEADLINE, stranger.0.next_line()).await.expect("an end");
    assert_eq!(end.unwrap(), None);
    core.stop_node_with_farewell().await;
}
