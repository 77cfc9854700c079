//! What a client hears, and which messages of it are yet to be acknowledged.

use std::collections::VecDeque;

use bytes::Bytes;
use owlpost_carrier::Outgoing;
use owlpost_domain::{DomainError, Result};

use super::{
    encoder::FrameWriter,
    exchange::{AckMode, SubscriptionName},
    version::Version,
};

/// Subscriptions of one connection.
pub const MOST_SUBSCRIPTIONS: usize = 32;
/// Messages that a cumulative acknowledgement reaches back.
pub const MOST_UNACKNOWLEDGED: usize = 1_000;

/// What a client asks to hear. `D` is what the server makes of a destination.
#[derive(Debug, Clone)]
pub struct NewSubscription<D> {
    /// Names it among all that the connection ever had.
    pub key: SubscriptionKey,
    /// How the client names it, if it does.
    pub id: Option<String>,
    /// The destination as the client wrote it.
    pub written: String,
    /// What it means.
    pub destination: D,
    /// How messages are acknowledged.
    pub ack: AckMode,
    /// What came at or before this position is not for it.
    pub after_position: i64,
    /// Whether it hears what happens already, or its past comes first.
    pub is_begun: bool,
}

/// A subscription among all that its connection ever had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionKey(u64);

/// What a client hears.
#[derive(Debug)]
pub struct Subscription<D> {
    /// Names it among all that the connection ever had.
    pub key: SubscriptionKey,
    id: Option<String>,
    written: String,
    /// What it means.
    pub destination: D,
    /// How messages are acknowledged.
    pub ack: AckMode,
    /// What came at or before this position is not for it.
    pub after_position: i64,
    /// Whether it hears what happens already.
    pub is_begun: bool,
    /// How each of its messages begins.
    head: Bytes,
    /// Messages of a cumulative subscription whose acknowledgement means something, with what it is for.
    unacknowledged: VecDeque<(u64, String)>,
}

/// A message as its client names it in an acknowledgement: a number within the connection, and what it is about, if
/// acknowledging it means anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageName {
    /// Of the event, or `e`; for people and for clients that look for doubles.
    pub origin: String,
    /// Within the connection.
    pub number: u64,
    /// What is acknowledged.
    pub subject: Option<String>,
}

impl MessageName {
    /// Reads what a client gives back.
    pub fn parse_header_of_client(text: &str) -> Option<Self> {
        let (place, subject) = match text.split_once('.') {
            Some((place, subject)) => (place, Some(subject.to_owned())),
            None => (text, None),
        };
        let (origin, number) = place.split_once('-')?;
        Some(Self { origin: origin.to_owned(), number: number.parse().ok()?, subject })
    }
}

/// The subscriptions of one connection.
#[derive(Debug)]
pub struct Subscriptions<D> {
    version: Version,
    list: Vec<Subscription<D>>,
    sent: u64,
    keys: u64,
}

/// Messages of one event, written for each subscription that it is for, and what is to be remembered once they are sent.
#[derive(Debug)]
pub struct WrittenMessages {
    /// One frame behind the other, without what the last one ends in.
    bytes: Vec<u8>,
    /// What the last one ends in: shared with all others who are sent it.
    tail: Bytes,
    sent: u64,
    unacknowledged: Vec<(usize, u64, String)>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub struct MessageContent<'a> {
    /// What comes behind the headers of the subscription, up to the end of the frame.
    pub tail: &'a Bytes,
    /// Of the event, or `e`.
    pub origin: &'a str,
    /// What acknowledging it means.
    pub subject: Option<&'a str>,
}

impl<D: PartialEq> Subscriptions<D> {
    /// None yet.
    pub const fn new(version: Version) -> Self {
        Self { version, list: Vec::new(), sent: 0, keys: 0 }
    }

    /// The version of the connection.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The key of a further one of this name, if there may be one.
    pub fn draw_key_of_subscription(
        &mut self,
        id: Option<&str>,
        written: &str,
    ) -> Result<SubscriptionKey> {
        let is_same = |known: &Subscription<D>| match id {
            Some(_) => known.id.as_deref() == id,
            None => known.id.is_none() && known.written == written,
        };
        if self.list.iter().any(is_same) {
            return Err(DomainError::invalid_field_value("id", "another subscription has this id"));
        }
        if self.list.len() == MOST_SUBSCRIPTIONS {
            let problem = format!("A connection may have {MOST_SUBSCRIPTIONS} subscriptions");
            return Err(DomainError::Conflict(problem));
        }
        self.keys += 1;
        Ok(SubscriptionKey(self.keys))
    }

    /// Adds one that has its key.
    pub fn add_subscription_with_key(&mut self, new: NewSubscription<D>) {
        let NewSubscription { key, id, written, destination, ack, after_position, is_begun } = new;
        let head = FrameWriter::new(self.version, "MESSAGE")
            .optional_header("subscription", id.as_deref())
            .header("destination", &written)
            .into_open_head();
        let unacknowledged = VecDeque::new();
        self.list.push(Subscription {
            key,
            id,
            written,
            destination,
            ack,
            after_position,
            is_begun,
            head,
            unacknowledged,
        });
    }

    /// Lets one hear what happens: its past is told.
    pub fn begin_subscription_by_key(&mut self, key: SubscriptionKey) {
        if let Some(known) = self.list.iter_mut().find(|known| known.key == key) {
            known.is_begun = true;
        }
    }

    /// Removes one; what it heard, and whether another one hears the same.
    pub fn remove_subscription_by_name(&mut self, name: &SubscriptionName) -> Option<(D, bool)> {
        let is_it = |known: &Subscription<D>| match name {
            SubscriptionName::Id(id) => known.id.as_deref() == Some(id),
            SubscriptionName::Destination(written) => known.written == *written,
        };
        let at = self.list.iter().position(is_it)?;
        let destination = self.list.remove(at).destination;
        let is_heard = self.list.iter().any(|other| other.destination == destination);
        Some((destination, is_heard))
    }

    /// Whether anything listens to a destination.
    pub fn has_subscription_to_destination(&self, destination: &D) -> bool {
        self.list.iter().any(|known| known.destination == *destination)
    }

    /// Writes a message for each subscription that it is for.
    pub fn write_messages_to_matching(
        &self,
        content: MessageContent<'_>,
        is_for: impl Fn(&Subscription<D>) -> bool,
    ) -> WrittenMessages {
        let mut written = WrittenMessages {
            bytes: Vec::new(),
            tail: Bytes::new(),
            sent: self.sent,
            unacknowledged: Vec::new(),
        };
        for (at, known) in self.list.iter().enumerate().filter(|(_, known)| is_for(known)) {
            written.sent += 1;
            written.append_message_of_subscription(at, known, self.version, content);
        }
        written
    }

    /// Takes note that messages are on their way.
    pub fn note_messages_as_sent(&mut self, written: WrittenMessages) {
        self.sent = written.sent;
        for (at, number, subject) in written.unacknowledged {
            let unacknowledged = &mut self.list[at].unacknowledged;
            unacknowledged.push_back((number, subject));
            if unacknowledged.len() > MOST_UNACKNOWLEDGED {
                unacknowledged.pop_front();
            }
        }
    }

    /// Whether a message was ever called that.
    pub fn was_message_ever_sent(&self, name: &str) -> bool {
        MessageName::parse_header_of_client(name)
            .is_some_and(|name| (1..=self.sent).contains(&name.number))
    }

    /// What is acknowledged with a message: all that was sent before it on a cumulative subscription, too. `None` when no
    /// message was ever called that.
    pub fn take_subjects_of_acknowledgement(&mut self, name: &str) -> Option<Vec<String>> {
        if !self.was_message_ever_sent(name) {
            return None;
        }
        let name = MessageName::parse_header_of_client(name)?;
        let holds = |known: &&mut Subscription<D>| {
            known.unacknowledged.iter().any(|(number, _)| *number == name.number)
        };
        let Some(cumulative) = self.list.iter_mut().find(holds) else {
            return Some(name.subject.into_iter().collect());
        };
        let through = cumulative.unacknowledged.partition_point(|(n, _)| *n <= name.number);
        Some(cumulative.unacknowledged.drain(..through).map(|(_, subject)| subject).collect())
    }
}

impl WrittenMessages {
    fn append_message_of_subscription<D>(
        &mut self,
        at: usize,
        subscription: &Subscription<D>,
        version: Version,
        content: MessageContent<'_>,
    ) {
        let wants_ack = subscription.ack != AckMode::Auto;
        let subject = content.subject.filter(|_| wants_ack);
        if let Some(subject) = subject
            && subscription.ack == AckMode::Client
        {
            self.unacknowledged.push((at, self.sent, subject.to_owned()));
        }
        let mut digits = itoa::Buffer::new();
        let number = digits.format(self.sent);
        let (dot, subject) = subject.map_or(("", ""), |subject| (".", subject));
        let name = [content.origin, "-", number, dot, subject];
        // Other versions have no header of its own for it.
        let has_ack = wants_ack && version == Version::V12;
        let lines = if has_ack { &["message-id", "ack"][..] } else { &["message-id"] };
        let name_bytes = name.iter().map(|part| part.len()).sum::<usize>();
        let line_bytes: usize = lines.iter().map(|line| line.len() + name_bytes + 2).sum();
        // Of the one before.
        self.bytes.extend_from_slice(&self.tail);
        self.tail = content.tail.clone();
        // To the byte: nearly all that is written is one message, which then needs no memory besides.
        self.bytes.reserve_exact(subscription.head.len() + line_bytes);
        self.bytes.extend_from_slice(&subscription.head);
        for line in lines {
            for part in [line, ":"].into_iter().chain(name).chain(["\n"]) {
                self.bytes.extend_from_slice(part.as_bytes());
            }
        }
    }

    /// Puts whole frames behind the messages.
    pub fn append_frames_behind_messages(&mut self, frames: &[u8]) {
        if !frames.is_empty() {
            self.bytes.extend_from_slice(&std::mem::take(&mut self.tail));
            self.bytes.extend_from_slice(frames);
        }
    }

    /// What is to be sent; nothing when nobody listens. To be taken once.
    pub fn take_entry_for_pipe(&mut self) -> Option<Outgoing> {
        let bytes = std::mem::take(&mut self.bytes);
        (!bytes.is_empty()).then(|| {
            Outgoing::TextInParts(bytes.into_boxed_slice(), std::mem::take(&mut self.tail))
        })
    }
}

#[cfg(test)]
mod tests;
