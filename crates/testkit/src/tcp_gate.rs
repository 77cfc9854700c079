//! A way to somebody else that can be cut and shut: the network between two, as a test wants it.

use std::net::SocketAddr;

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::AbortHandle,
};

/// What the gate does at the moment.
#[derive(Debug, Clone, Copy)]
struct Passage {
    is_open: bool,
    /// Connections of earlier cuts are over.
    cuts: u64,
}

/// A gate on a port of its own. Dropped, it ends every connection.
#[derive(Debug)]
pub struct TcpGate {
    /// Where it listens.
    pub address: SocketAddr,
    passage: watch::Sender<Passage>,
    task: AbortHandle,
}

impl TcpGate {
    /// An open gate to `target`, a host and a port.
    pub async fn open_gate_to_address(target: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let passage = watch::Sender::new(Passage { is_open: true, cuts: 0 });
        let known = passage.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let now = *known.borrow();
                // Dropped while it is shut: whoever knocks is refused at once.
                if now.is_open {
                    connections.spawn(carry_bytes_until_cut(
                        client,
                        target.clone(),
                        now.cuts,
                        known.clone(),
                    ));
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, passage, task: task.abort_handle() }
    }

    /// Ends every connection there is.
    pub fn cut_every_open_connection(&self) {
        self.passage.send_modify(|passage| passage.cuts += 1);
    }

    /// Ends every connection, and refuses new ones.
    pub fn shut_gate_for_everybody(&self) {
        self.passage.send_modify(|passage| {
            passage.is_open = false;
            passage.cuts += 1;
        });
    }

    /// Lets new connections through.
    pub fn open_gate_for_everybody(&self) {
        self.passage.send_modify(|passage| passage.is_open = true);
    }
}

impl Drop for TcpGate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry_bytes_until_cut(
    mut client: TcpStream,
    target: String,
    cuts: u64,
    mut passage: watch::Receiver<Passage>,
) {
    let carrying = async {
        let Ok(mut server) = TcpStream::connect(target).await else { return };
        // However it ends, both are dropped.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    };
    tokio::select! {
        () = carrying => {}
        _ = passage.wait_for(|now| now.cuts > cuts) => {}
    }
}
