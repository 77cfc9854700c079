//! What a client asks for, one after the other: the rules of STOMP that need no knowledge of what destinations mean.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{
    decoder::{BadFrame, Decoder},
    frame::{ClientFrame, Command, Headers},
    heart_beat::HeartBeat,
    transactions::Transactions,
    version::Version,
};

/// Bytes that are kept of somebody who was not let in yet.
pub const STRANGER_BYTES: usize = 32 * 1024;

/// How messages of a subscription are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckMode {
    /// By being sent.
    Auto,
    /// By an `ACK` of it or of a later one.
    Client,
    /// By an `ACK` of it.
    ClientIndividual,
}

/// How a client names a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionName {
    /// By the id that it gave.
    Id(String),
    /// By its destination, in 1.0.
    Destination(String),
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To be let in.
    Connect {
        /// The version of everything that follows; `None` when there is none that both speak.
        version: Option<Version>,
        /// What the client says of signs of life.
        heart_beat: HeartBeat,
    },
    /// To be heard at a destination.
    Send {
        /// Where.
        destination: String,
        /// What it says.
        body: Bytes,
    },
    /// To hear a destination.
    Subscribe {
        /// How the client names what it hears; always there but in 1.0.
        id: Option<String>,
        /// Where.
        destination: String,
        /// How it acknowledges.
        ack: AckMode,
    },
    /// To hear it no more.
    Unsubscribe(SubscriptionName),
    /// That a message was worked on, or was not.
    Acknowledge {
        /// Of the message.
        id: String,
        /// Whether it was worked on.
        is_done: bool,
    },
    /// Nothing besides a receipt: a transaction has begun or ended.
    Nothing,
    /// To go.
    Disconnect,
}

/// A request, and what came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What is asked for.
    pub request: Request,
    /// Every header of its frame.
    pub headers: Headers,
    /// What frame it is.
    pub command: Command,
    /// Size of the frame.
    pub bytes: usize,
}

/// What ends a connection: its client broke the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How.
    pub bad: BadFrame,
    /// The receipt that the frame asked for.
    pub receipt: Option<String>,
}

impl From<BadFrame> for Fault {
    fn from(bad: BadFrame) -> Self {
        Self { bad, receipt: None }
    }
}

/// How far a client has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has yet to say `CONNECT`.
    Unknown,
    /// It has, and waits for the answer. What it sends meanwhile is kept.
    Waiting,
    /// It was let in.
    Connected(Version),
    /// It is heard no more.
    Over,
}

/// One client's side of a connection.
pub struct Exchange {
    decoder: Decoder,
    stage: Stage,
    transactions: Transactions,
    /// Of a transaction that was committed.
    committed: VecDeque<ClientFrame>,
}

impl Exchange {
    /// A client that may send frames of so many bytes.
    pub fn with_limit_of_bytes(most_bytes: usize) -> Self {
        Self {
            decoder: Decoder::with_limit_of_bytes(most_bytes),
            stage: Stage::Unknown,
            transactions: Transactions::default(),
            committed: VecDeque::new(),
        }
    }

    /// Adds what has come.
    pub fn add_bytes_of_client(&mut self, bytes: &[u8]) {
        if self.stage != Stage::Over {
            self.decoder.add_bytes_of_client(bytes);
        }
    }

    /// Whether the client has yet to say who it is.
    pub fn awaits_connect_frame(&self) -> bool {
        self.stage == Stage::Unknown
    }

    /// Whether it was let in.
    pub fn is_connected(&self) -> bool {
        matches!(self.stage, Stage::Connected(_))
    }

    /// Lets the client in. What it has sent since is read in this version.
    pub fn accept_client_in_version(&mut self, version: Version) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Connected(version);
        }
    }

    /// Hears the client no more.
    pub fn stop_listening_to_client(&mut self) {
        self.stage = Stage::Over;
        self.decoder.forget_all_held_bytes();
        self.transactions = Transactions::default();
        self.committed = VecDeque::new();
    }

    /// What the client asks for next. After a fault, nothing.
    pub fn next_request_of_client(&mut self) -> Result<Option<Received>, Fault> {
        let next = self.find_next_request_of_client();
        if next.is_err() {
            self.stop_listening_to_client();
        }
        next
    }

    fn find_next_request_of_client(&mut self) -> Result<Option<Received>, Fault> {
        let version = match self.stage {
            Stage::Unknown => None,
            Stage::Connected(version) => Some(version),
            Stage::Waiting if self.decoder.held_bytes() > STRANGER_BYTES => {
                return Err(BadFrame::TOO_LARGE.into());
            }
            Stage::Waiting | Stage::Over => return Ok(None),
        };
        if let (Some(frame), Some(version)) = (self.committed.pop_front(), version) {
            return self.read_frame_as_request(frame, version).map(Some);
        }
        while let Some(frame) = self.decoder.next_frame_of_client(version)? {
            let receipt = frame.headers.find_value_by_name("receipt").map(ToOwned::to_owned);
            let next = match version {
                None => self.read_first_frame_of_client(frame).map(Some),
                Some(version) => self.take_frame_of_connected(frame, version),
            };
            match next {
                Ok(None) => {}
                Ok(Some(received)) => return Ok(Some(received)),
                Err(bad) => return Err(Fault { bad, receipt }),
            }
        }
        if version.is_none() && self.decoder.held_bytes() > STRANGER_BYTES {
            return Err(BadFrame::TOO_LARGE.into());
        }
        Ok(None)
    }

    fn read_first_frame_of_client(&mut self, frame: ClientFrame) -> Result<Received, BadFrame> {
        if frame.command != Command::Connect {
            return Err(BadFrame::malformed("The first frame must be CONNECT"));
        }
        let accepted = frame.headers.find_value_by_name("accept-version");
        let version = Version::choose_highest_of_accepted(accepted);
        let heart_beat = match frame.headers.find_value_by_name("heart-beat") {
            None => HeartBeat::default(),
            Some(value) => HeartBeat::parse_header_of_client(value)
                .ok_or(BadFrame::malformed("heart-beat must be two numbers of milliseconds"))?,
        };
        self.stage = Stage::Waiting;
        let ClientFrame { command, headers, bytes, .. } = frame;
        Ok(Received { request: Request::Connect { version, heart_beat }, headers, command, bytes })
    }

    /// `None` for a frame that waits for its transaction.
    fn take_frame_of_connected(
        &mut self,
        frame: ClientFrame,
        version: Version,
    ) -> Result<Option<Received>, BadFrame> {
        let transaction = frame.headers.find_value_by_name("transaction").map(ToOwned::to_owned);
        let named = transaction.as_deref().ok_or(BadFrame::malformed("transaction is missing"));
        match frame.command {
            Command::Connect => return Err(BadFrame::malformed("The client is connected already")),
            Command::Begin => self.transactions.begin_transaction_of_client(named?)?,
            Command::Abort => drop(self.transactions.end_transaction_of_client(named?)?),
            Command::Commit => {
                self.committed = self.transactions.end_transaction_of_client(named?)?.into();
                self.committed.push_back(frame);
                let first = self.committed.pop_front();
                return first.map(|frame| read_request_of_frame(frame, version)).transpose();
            }
            Command::Send | Command::Ack | Command::Nack if transaction.is_some() => {
                // What is wrong with it is said at once.
                read_request_of_frame(frame.clone(), version)?;
                self.transactions.keep_frame_for_commit(named?, frame)?;
                return Ok(None);
            }
            Command::Send
            | Command::Subscribe
            | Command::Unsubscribe
            | Command::Ack
            | Command::Nack
            | Command::Disconnect => {}
        }
        let received = read_request_of_frame(frame, version)?;
        if received.request == Request::Disconnect {
            self.stop_listening_to_client();
        }
        Ok(Some(received))
    }

    fn read_frame_as_request(
        &self,
        frame: ClientFrame,
        version: Version,
    ) -> Result<Received, Fault> {
        let receipt = frame.headers.find_value_by_name("receipt").map(ToOwned::to_owned);
        read_request_of_frame(frame, version).map_err(|bad| Fault { bad, receipt })
    }
}

fn read_request_of_frame(frame: ClientFrame, version: Version) -> Result<Received, BadFrame> {
    let ClientFrame { command, headers, body, bytes } = frame;
    let header = |name: &str| headers.find_value_by_name(name).map(ToOwned::to_owned);
    let wanted =
        |name: &str, missing: &'static str| header(name).ok_or(BadFrame::malformed(missing));
    let request = match command {
        Command::Connect => return Err(BadFrame::malformed("The client is connected already")),
        Command::Send => {
            Request::Send { destination: wanted("destination", "destination is missing")?, body }
        }
        Command::Subscribe => {
            if headers.find_value_by_name("selector").is_some() {
                return Err(BadFrame::malformed("selector is not supported"));
            }
            let id = header("id");
            if id.is_none() && version != Version::V10 {
                return Err(BadFrame::malformed("id is missing"));
            }
            let destination = wanted("destination", "destination is missing")?;
            Request::Subscribe {
                id,
                destination,
                ack: parse_ack_mode_header(headers.find_value_by_name("ack"))?,
            }
        }
        Command::Unsubscribe => Request::Unsubscribe(match (header("id"), version) {
            (Some(id), _) => SubscriptionName::Id(id),
            (None, Version::V10) => SubscriptionName::Destination(wanted(
                "destination",
                "id or destination is missing",
            )?),
            (None, _) => return Err(BadFrame::malformed("id is missing")),
        }),
        Command::Ack | Command::Nack => {
            let id = match version {
                Version::V12 => wanted("id", "id is missing")?,
                Version::V11 | Version::V10 => wanted("message-id", "message-id is missing")?,
            };
            if version == Version::V11 {
                wanted("subscription", "subscription is missing")?;
            }
            Request::Acknowledge { id, is_done: command == Command::Ack }
        }
        Command::Begin | Command::Commit | Command::Abort => Request::Nothing,
        Command::Disconnect => Request::Disconnect,
    };
    Ok(Received { request, headers, command, bytes })
}

fn parse_ack_mode_header(header: Option<&str>) -> Result<AckMode, BadFrame> {
    match header {
        None | Some("auto") => Ok(AckMode::Auto),
        Some("client") => Ok(AckMode::Client),
        Some("client-individual") => Ok(AckMode::ClientIndividual),
        Some(_) => Err(BadFrame::malformed("ack must be auto, client or client-individual")),
    }
}

#[cfg(test)]
mod tests;
