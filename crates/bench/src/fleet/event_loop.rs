//! The one thread all clients live in.

use std::{
    collections::VecDeque,
    io::{self, Read},
    net::{Ipv4Addr, SocketAddrV4},
    sync::{Arc, atomic::Ordering, mpsc},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};
use socket2::{Domain, Protocol, Socket, Type};

use super::{
    client::{Client, ClientPlan, Stage},
    tally::Tally,
};

/// The token that wakes the thread for a command.
pub(super) const WAKE: Token = Token(usize::MAX);
/// One buffer for everybody: no client keeps one.
const READ_BUFFER_BYTES: usize = 1 << 20;
/// Clients that share a source address.
const CLIENTS_PER_ADDRESS: usize = 200;

pub(super) enum Command {
    Connect { plans: Vec<ClientPlan>, at_once: usize },
    SendText { client: usize, text: String },
    CloseAll { done: mpsc::Sender<()> },
    Stop,
}

pub(super) struct EventLoop {
    poll: Poll,
    commands: mpsc::Receiver<Command>,
    tally: Arc<Tally>,
    clients: Vec<Option<Client>>,
    dialling: VecDeque<ClientPlan>,
    under_way: usize,
    at_once: usize,
    buffer: Box<[u8]>,
}

impl EventLoop {
    pub(super) fn new(poll: Poll, commands: mpsc::Receiver<Command>, tally: Arc<Tally>) -> Self {
        Self {
            poll,
            commands,
            tally,
            clients: Vec::new(),
            dialling: VecDeque::new(),
            under_way: 0,
            at_once: 1,
            buffer: vec![0; READ_BUFFER_BYTES].into(),
        }
    }

    pub(super) fn run_loop_until_stopped(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == WAKE {
                    while let Ok(command) = self.commands.try_recv() {
                        if matches!(command, Command::Stop) {
                            return Ok(());
                        }
                        self.obey_command_of_runner(command);
                    }
                } else {
                    self.advance_client_after_event(event.token().0, event.is_writable());
                }
            }
            self.dial_next_planned_clients();
        }
    }

    fn obey_command_of_runner(&mut self, command: Command) {
        match command {
            Command::Connect { plans, at_once } => {
                self.at_once = at_once;
                self.dialling.extend(plans);
            }
            Command::SendText { client, text } => {
                if let Some(Some(client)) = self.clients.get_mut(client) {
                    // A client that cannot send is noticed when it is read from.
                    let _ = client.send_text_to_server(&text);
                }
            }
            Command::CloseAll { done } => {
                self.clients.clear();
                self.dialling.clear();
                self.under_way = 0;
                let _ = done.send(());
            }
            Command::Stop => {}
        }
    }

    fn dial_next_planned_clients(&mut self) {
        while self.under_way < self.at_once {
            let Some(plan) = self.dialling.pop_front() else { return };
            let index = self.clients.len();
            match self.dial_one_planned_client(index, plan) {
                Ok(client) => {
                    self.under_way += 1;
                    self.clients.push(Some(client));
                }
                Err(_) => {
                    self.tally.failed.fetch_add(1, Ordering::Relaxed);
                    self.clients.push(None);
                }
            }
        }
    }

    fn dial_one_planned_client(&self, index: usize, plan: ClientPlan) -> io::Result<Client> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&SocketAddrV4::new(source_address_of_client(index), 0).into())?;
        match socket.connect(&plan.server.into()) {
            Err(error) if error.raw_os_error() != Some(IN_PROGRESS) => return Err(error),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(index), both)?;
        Ok(Client::new(stream, Arc::new(plan)))
    }

    fn advance_client_after_event(&mut self, index: usize, writable: bool) {
        let Some(slot) = self.clients.get_mut(index) else { return };
        let Some(client) = slot else { return };
        let before = client.stage;
        let mut result = if writable { client.continue_after_writable_socket() } else { Ok(()) };
        if result.is_ok() && client.stage != Stage::Dialling {
            result = read_everything_of_client(client, &mut self.buffer, &self.tally);
        }
        let over = result.is_err();
        let after = if over { Stage::Over } else { client.stage };
        if before != after && matches!(after, Stage::Ready | Stage::Over) && before != Stage::Ready
        {
            self.under_way = self.under_way.saturating_sub(1);
        }
        if over {
            let counter =
                if before == Stage::Ready { &self.tally.lost } else { &self.tally.failed };
            counter.fetch_add(1, Ordering::Relaxed);
            *slot = None;
        }
    }
}

/// `EINPROGRESS`.
const IN_PROGRESS: i32 = 115;

fn read_everything_of_client(
    client: &mut Client,
    buffer: &mut [u8],
    tally: &Tally,
) -> io::Result<()> {
    loop {
        let kept = client.partial.len();
        buffer[..kept].copy_from_slice(&client.partial);
        let read = match client.stream.read(&mut buffer[kept..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &buffer[..kept + read];
        let done = client.consume_bytes_of_server(bytes, tally, tally.now_nanos())?;
        client.partial.clear();
        client.partial.extend(&bytes[done..]);
        // A short read has emptied the socket: the next byte wakes us again.
        if kept + read < buffer.len() {
            return Ok(());
        }
    }
}

/// Spread over 127.0.0.0/8, so that no address runs out of ports.
fn source_address_of_client(index: usize) -> Ipv4Addr {
    let group = index / CLIENTS_PER_ADDRESS;
    Ipv4Addr::new(127, 1, (group / 250) as u8, (group % 250) as u8 + 1)
}
