//! A topic exchange of RabbitMQ: each event is a persistent message, published with confirms, in the order of the log.
//!
//! - `address`: where the broker is; `link`: one connection to it; `message`: an event as the broker has it.

mod address;
mod link;
mod message;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use owlpost_domain::{
    event::EventKind,
    event_patterns::EventPatterns,
    outlets::window::{LogGap, LogRecord},
};

pub use self::address::BrokerAddress;
use self::{
    link::{BrokerLink, LinkError},
    message::Message,
};
use crate::{
    Beginning, Ground, Outlet, OutletKind, OutletName, Progress, Setback, follow_log_for_outlet,
};

const NAME: OutletName = OutletName::of_kind("rabbitmq");
/// How long a broker is waited for at the start of the server: one that is away is no reason not to start.
const START_PATIENCE: Duration = Duration::from_secs(3);

/// Where events go, and which.
#[derive(Debug, Clone)]
pub struct RabbitMqConfig {
    /// The broker.
    pub address: BrokerAddress,
    /// Name of the exchange; it is declared: durable, of the type topic.
    pub exchange: String,
    /// The events that leave.
    pub events: EventPatterns,
}

/// The exchange of a broker, as a kind of outlets.
#[derive(Debug)]
pub struct RabbitMq {
    config: Arc<RabbitMqConfig>,
}

impl RabbitMq {
    /// The outlet of a configuration.
    pub fn new(config: RabbitMqConfig) -> Self {
        Self { config: Arc::new(config) }
    }

    /// Declares the exchange, so that one of the name that is another is noticed at the start. Fails with what the broker
    /// says of it; a broker that is away is only logged.
    pub async fn declare_exchange_before_start(&self) -> Result<(), String> {
        let opening = BrokerLink::open_link_to_exchange(&self.config);
        let opened = tokio::time::timeout(START_PATIENCE, opening).await;
        let error = match opened {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(LinkError::ExchangeIsAnother(answer))) => {
                let exchange = &self.config.exchange;
                return Err(format!(
                    "RABBITMQ_EXCHANGE (--rabbitmq-exchange): the broker has another exchange named {exchange}, it should be \
                     durable and of the type topic: {answer}"
                ));
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", START_PATIENCE.as_secs()),
        };
        let broker = self.config.address.to_string();
        tracing::warn!(broker, error, "RabbitMQ is away; events wait in the log for it");
        Ok(())
    }
}

#[async_trait]
impl OutletKind for RabbitMq {
    fn name(&self) -> &'static str {
        NAME.kind()
    }

    async fn publish_from_ground(&self, ground: &Ground) {
        let mut exchange = Exchange { config: self.config.clone(), link: None };
        follow_log_for_outlet(ground, &NAME, Beginning::EndOfLog, &mut exchange).await;
    }
}

/// The exchange as the follower of the log sees it.
struct Exchange {
    config: Arc<RabbitMqConfig>,
    /// The connection, while it is good.
    link: Option<BrokerLink>,
}

impl Exchange {
    /// Publishes all of them, and waits until the broker has them; a link that fails is not used again.
    async fn publish_messages_until_confirmed(
        &mut self,
        messages: Vec<Message>,
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let mut link = match self.link.take().filter(BrokerLink::is_open) {
            Some(link) => link,
            None => BrokerLink::open_link_to_exchange(&self.config).await?,
        };
        link.publish_messages_with_confirms(messages, progress).await?;
        self.link = Some(link);
        Ok(())
    }
}

#[async_trait]
impl Outlet for Exchange {
    async fn deliver(
        &mut self,
        records: &[LogRecord],
        progress: &mut Progress,
    ) -> Result<(), Setback> {
        let is_wanted = |record: &&LogRecord| {
            record.event.name.kind() != EventKind::Internal
                && self.config.events.include_event_by_name(record.event.name)
        };
        let messages: Vec<_> =
            records.iter().filter(is_wanted).map(Message::from_log_record).collect();
        if messages.is_empty() {
            return Ok(());
        }
        self.publish_messages_until_confirmed(messages, progress).await
    }

    async fn tell_of_gap(&mut self, gap: LogGap) -> Result<(), Setback> {
        self.publish_messages_until_confirmed(
            vec![Message::from_log_gap(gap)],
            &mut Progress::default(),
        )
        .await
    }
}

impl From<LinkError> for Setback {
    fn from(error: LinkError) -> Self {
        Self::with_reason(error.to_string())
    }
}
