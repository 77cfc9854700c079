//! A TCP proxy between the server and what it depends on, which can fall silent as a firewall or a hung host does:
//! connections stay open, and nothing comes through any more.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

/// Bytes forwarded at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// What the proxy does at the moment.
#[derive(Debug, Clone, Copy)]
struct Behaviour {
    /// Where new connections go.
    target: SocketAddr,
    /// Connections accepted before this count of them are silent.
    silent_before: u64,
}

/// A proxy on a port of its own. Dropping it ends its listener and all connections.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    behaviour: Arc<watch::Sender<Behaviour>>,
    accepted: watch::Receiver<u64>,
    task: AbortHandle,
}

impl Proxy {
    /// A proxy that forwards to `target`.
    pub async fn start_proxy_to_address(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let behaviour = Arc::new(watch::Sender::new(Behaviour { target, silent_before: 0 }));
        let (count, accepted) = watch::channel(0);
        let known = behaviour.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let number = *count.borrow();
                count.send_modify(|count| *count += 1);
                connections.spawn(forward_bytes_of_connection(client, number, known.subscribe()));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, behaviour, accepted, task: task.abort_handle() })
    }

    /// Lets every connection there is fall silent, in both directions. New ones are forwarded.
    pub fn silence_every_open_connection(&self) {
        let silent_before = *self.accepted.borrow();
        self.behaviour.send_modify(|behaviour| behaviour.silent_before = silent_before);
    }

    /// Forwards everything again, also what was held back.
    pub fn end_silence_of_connections(&self) {
        self.behaviour.send_modify(|behaviour| behaviour.silent_before = 0);
    }

    /// Sends new connections to another address; those there are stay where they are.
    pub fn switch_target_to_address(&self, target: SocketAddr) {
        self.behaviour.send_modify(|behaviour| behaviour.target = target);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward_bytes_of_connection(
    mut client: TcpStream,
    number: u64,
    mut behaviour: watch::Receiver<Behaviour>,
) -> Result<()> {
    wait_while_connection_is_silent(number, &mut behaviour).await?;
    let target = behaviour.borrow().target;
    let mut server = TcpStream::connect(target).await?;
    let (mut from_client, mut from_server) = (vec![0; CHUNK_BYTES], vec![0; CHUNK_BYTES]);
    loop {
        wait_while_connection_is_silent(number, &mut behaviour).await?;
        let read = tokio::select! {
            changed = behaviour.changed() => { changed?; continue }
            read = client.read(&mut from_client) => (read?, true),
            read = server.read(&mut from_server) => (read?, false),
        };
        // What was read just before the silence is held back with the rest.
        wait_while_connection_is_silent(number, &mut behaviour).await?;
        match read {
            (0, _) => return Ok(()),
            (bytes, true) => server.write_all(&from_client[..bytes]).await?,
            (bytes, false) => client.write_all(&from_server[..bytes]).await?,
        }
    }
}

async fn wait_while_connection_is_silent(
    number: u64,
    behaviour: &mut watch::Receiver<Behaviour>,
) -> Result<()> {
    behaviour.wait_for(|behaviour| number >= behaviour.silent_before).await?;
    Ok(())
}
