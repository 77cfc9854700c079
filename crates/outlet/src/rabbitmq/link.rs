//! One connection to a broker, with a channel that confirms. What fails on it ends it: the next attempt opens another.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use amqprs::{
    Ack, BasicProperties, Cancel, Close, CloseChannel, Nack, Return,
    callbacks::{ChannelCallback, ConnectionCallback},
    channel::{BasicPublishArguments, Channel, ConfirmSelectArguments, ExchangeDeclareArguments},
    connection::{Connection, OpenConnectionArguments},
    error::Error,
    tls::TlsAdaptor,
};
use async_trait::async_trait;
use owlpost_metrics::OUTLET_RECONNECTS;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use super::{BrokerAddress, RabbitMqConfig, message::Message};
use crate::Progress;

/// Messages that are published before the first of them is confirmed. A batch of the follower has no more.
const MOST_UNCONFIRMED: usize = 256;
/// Longest wait for a connection, and for the answer to what is asked on it.
const OPEN_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for the next confirmation. A broker that is short of memory or disk gives none.
const CONFIRM_LIMIT: Duration = Duration::from_secs(20);
/// Seconds without a sign of life after which either side gives the other up.
const HEARTBEAT_SECONDS: u16 = 10;
/// The exchange exists with another type, or is not durable.
const PRECONDITION_FAILED: u16 = 406;

/// Why the broker cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("{0}")]
    ExchangeIsAnother(String),
    #[error("the broker ended it: {0}")]
    EndedByBroker(String),
    #[error("the connection to the broker is lost")]
    Lost,
    #[error("the broker refused the message of event {0}")]
    Refused(String),
    #[error("the broker does not answer within {0:?}")]
    Silent(Duration),
    #[error("{0}")]
    Failed(#[from] Error),
    #[error("certificates of this machine: {0}")]
    Tls(String),
}

/// What the broker says without being asked.
#[derive(Debug)]
enum Word {
    Confirmed { tag: u64, and_before: bool },
    Refused { tag: u64, and_before: bool },
    Ended { code: u16, text: String },
}

/// Hears the broker. Dropped when the connection is over, and then so is its sender.
struct Ear(mpsc::Sender<Word>);

impl Ear {
    /// There is room for every confirmation that can be on its way.
    fn pass_word_to_link(&self, word: Word) {
        let _ = self.0.try_send(word);
    }
}

#[async_trait]
impl ChannelCallback for Ear {
    async fn close(&mut self, _: &Channel, close: CloseChannel) -> Result<(), Error> {
        let text = close.reply_text().clone();
        self.pass_word_to_link(Word::Ended { code: close.reply_code(), text });
        Ok(())
    }

    async fn cancel(&mut self, _: &Channel, _: Cancel) -> Result<(), Error> {
        Ok(())
    }

    async fn flow(&mut self, _: &Channel, active: bool) -> Result<bool, Error> {
        Ok(active)
    }

    async fn publish_ack(&mut self, _: &Channel, ack: Ack) {
        let (tag, and_before) = (ack.delivery_tag(), ack.mutiple());
        self.pass_word_to_link(Word::Confirmed { tag, and_before });
    }

    async fn publish_nack(&mut self, _: &Channel, nack: Nack) {
        let (tag, and_before) = (nack.delivery_tag(), nack.multiple());
        self.pass_word_to_link(Word::Refused { tag, and_before });
    }

    async fn publish_return(&mut self, _: &Channel, _: Return, _: BasicProperties, _: Vec<u8>) {}
}

#[async_trait]
impl ConnectionCallback for Ear {
    async fn close(&mut self, _: &Connection, close: Close) -> Result<(), Error> {
        let text = close.reply_text().clone();
        self.pass_word_to_link(Word::Ended { code: close.reply_code(), text });
        Ok(())
    }

    async fn blocked(&mut self, _: &Connection, reason: String) {
        tracing::warn!(reason, "RabbitMQ takes nothing at present");
    }

    async fn unblocked(&mut self, _: &Connection) {
        tracing::info!("RabbitMQ takes messages again");
    }

    async fn secret_updated(&mut self, _: &Connection) {}
}

/// One connection, its channel, and what the broker says on it.
pub(super) struct BrokerLink {
    // Dropped before its connection.
    channel: Channel,
    connection: Connection,
    words: mpsc::Receiver<Word>,
    exchange: String,
    /// Messages that were published on the channel: the tag of the last one.
    published: u64,
}

impl BrokerLink {
    /// Connects and declares the exchange, within a bounded time.
    pub(super) async fn open_link_to_exchange(config: &RabbitMqConfig) -> Result<Self, LinkError> {
        let opening = Self::open_without_time_limit(config);
        let opened = tokio::time::timeout(OPEN_LIMIT, opening).await;
        opened.unwrap_or(Err(LinkError::Silent(OPEN_LIMIT)))
    }

    async fn open_without_time_limit(config: &RabbitMqConfig) -> Result<Self, LinkError> {
        metrics::counter!(OUTLET_RECONNECTS, "outlet" => "rabbitmq").increment(1);
        let arguments = write_arguments_of_connection(&config.address)?;
        let connection = Connection::open(&arguments).await?;
        let (ear, words) = mpsc::channel(2 * MOST_UNCONFIRMED);
        connection.register_callback(Ear(ear.clone())).await?;
        let channel = connection.open_channel(None).await?;
        channel.register_callback(Ear(ear)).await?;
        let exchange = config.exchange.clone();
        let mut link = Self { channel, connection, words, exchange, published: 0 };
        let mut declared = ExchangeDeclareArguments::new(&config.exchange, "topic");
        declared.durable(true);
        link.channel.exchange_declare(declared).await.map_err(|e| link.explain_end_of_link(e))?;
        let confirming = link.channel.confirm_select(ConfirmSelectArguments::default()).await;
        confirming.map_err(|error| link.explain_end_of_link(error))?;
        Ok(link)
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.is_open() && self.channel.is_open()
    }

    /// What the broker said before it ended the channel says more than the error that this brought about.
    fn explain_end_of_link(&mut self, error: Error) -> LinkError {
        while let Ok(word) = self.words.try_recv() {
            match word {
                Word::Ended { code: PRECONDITION_FAILED, text } => {
                    return LinkError::ExchangeIsAnother(text);
                }
                Word::Ended { text, .. } => return LinkError::EndedByBroker(text),
                Word::Confirmed { .. } | Word::Refused { .. } => {}
            }
        }
        error.into()
    }

    /// Publishes the messages in order, and waits until the broker has confirmed all of them. `progress` tells of those before
    /// the first that is not.
    pub(super) async fn publish_messages_with_confirms(
        &mut self,
        messages: Vec<Message>,
        progress: &mut Progress,
    ) -> Result<(), LinkError> {
        let mut waiting = Unconfirmed::default();
        for message in messages {
            while waiting.count() >= MOST_UNCONFIRMED {
                self.hear_next_broker_confirmation(&mut waiting, progress).await?;
            }
            let Message { position, routing_key, properties, body } = message;
            let arguments = BasicPublishArguments::new(&self.exchange, &routing_key);
            let publishing = self.channel.basic_publish(properties, body, arguments);
            match tokio::time::timeout(CONFIRM_LIMIT, publishing).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(self.explain_end_of_link(error)),
                Err(_) => return Err(LinkError::Silent(CONFIRM_LIMIT)),
            }
            self.published += 1;
            waiting.add_message_with_tag(self.published, position);
        }
        while waiting.count() > 0 {
            self.hear_next_broker_confirmation(&mut waiting, progress).await?;
        }
        Ok(())
    }

    async fn hear_next_broker_confirmation(
        &mut self,
        waiting: &mut Unconfirmed,
        progress: &mut Progress,
    ) -> Result<(), LinkError> {
        match tokio::time::timeout(CONFIRM_LIMIT, self.words.recv()).await {
            Ok(Some(Word::Confirmed { tag, and_before })) => {
                waiting.confirm_message_with_tag(tag, and_before, progress);
                Ok(())
            }
            Ok(Some(Word::Refused { tag, and_before })) => {
                let refused = waiting.find_first_message_refused(tag, and_before);
                Err(LinkError::Refused(refused.map_or_else(String::new, |id| id.to_string())))
            }
            Ok(Some(Word::Ended { text, .. })) => Err(LinkError::EndedByBroker(text)),
            Ok(None) => Err(LinkError::Lost),
            Err(_) => Err(LinkError::Silent(CONFIRM_LIMIT)),
        }
    }
}

/// A message that was published.
struct Published {
    tag: u64,
    position: Option<i64>,
    is_confirmed: bool,
}

/// What was published and is not known to be at the broker, oldest first. Confirmations come in any order.
#[derive(Default)]
struct Unconfirmed(VecDeque<Published>);

impl Unconfirmed {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn add_message_with_tag(&mut self, tag: u64, position: Option<i64>) {
        self.0.push_back(Published { tag, position, is_confirmed: false });
    }

    fn confirm_message_with_tag(&mut self, tag: u64, and_before: bool, progress: &mut Progress) {
        let meant = |one: &&mut Published| one.tag == tag || (and_before && one.tag < tag);
        self.0.iter_mut().filter(meant).for_each(|one| one.is_confirmed = true);
        while let Some(first) = self.0.pop_front_if(|first| first.is_confirmed) {
            if let Some(position) = first.position {
                progress.note_event_was_taken(position);
            }
        }
    }

    fn find_first_message_refused(&self, tag: u64, and_before: bool) -> Option<i64> {
        let meant = |one: &&Published| one.tag == tag || (and_before && one.tag < tag);
        self.0.iter().find(meant).and_then(|one| one.position)
    }
}

fn write_arguments_of_connection(
    address: &BrokerAddress,
) -> Result<OpenConnectionArguments, LinkError> {
    let BrokerAddress { host, port, user, password, virtual_host, .. } = address;
    let mut arguments = OpenConnectionArguments::new(host, *port, user, password);
    arguments.virtual_host(virtual_host).heartbeat(HEARTBEAT_SECONDS).connection_name("owlpost");
    if address.is_encrypted {
        arguments.tls_adaptor(TlsAdaptor::new(trust_certificates_of_machine()?, host.clone()));
    }
    Ok(arguments)
}

fn trust_certificates_of_machine() -> Result<TlsConnector, LinkError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| LinkError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_tell_only_of_what_is_confirmed_with_everything_before_it() {
        let (mut waiting, mut progress) = (Unconfirmed::default(), Progress::default());
        for tag in 1..=5 {
            waiting.add_message_with_tag(tag, Some(100 + tag.cast_signed()));
        }
        waiting.confirm_message_with_tag(2, false, &mut progress);
        assert_eq!((progress.position_done(), waiting.count()), (None, 5));
        waiting.confirm_message_with_tag(1, false, &mut progress);
        assert_eq!((progress.position_done(), waiting.count()), (Some(102), 3));
        assert_eq!(waiting.find_first_message_refused(4, true), Some(103));
        waiting.confirm_message_with_tag(5, true, &mut progress);
        assert_eq!((progress.position_done(), progress.events_taken()), (Some(105), 5));
    }
}
