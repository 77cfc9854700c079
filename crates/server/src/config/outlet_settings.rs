//! Options of the outlets, through which events go out.

use std::time::Duration;

use clap::Args;
use owlpost_admission::Networks;
use owlpost_domain::event_patterns::EventPatterns;
use owlpost_outlet::{
    Caller,
    rabbitmq::{BrokerAddress, RabbitMqConfig},
    web_push::{PushContact, WebPushConfig},
};

use super::parse_value::{
    parse_duration_within_bounds, parse_network_of_addresses, parse_switch_on_or_off,
};

/// Events that go out.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Outlets")]
pub struct OutletSettings {
    /// RabbitMQ that every event is published to, such as amqp://user:password@host:5672/vhost, or amqps:// for TLS
    #[arg(long, env = "RABBITMQ_URL", hide_env_values = true, value_parser = str::parse::<BrokerAddress>)]
    pub rabbitmq_url: Option<BrokerAddress>,
    /// Exchange that they are published to; it is declared: durable, of the type topic
    #[arg(long, env = "RABBITMQ_EXCHANGE", default_value = "owlpost.events", value_parser = parse_name_of_exchange)]
    pub rabbitmq_exchange: String,
    /// Events that are published, as patterns of routing keys, separated by commas; notification.* are of single people
    #[arg(long, env = "RABBITMQ_EVENTS", default_value = EventPatterns::DEFAULT, value_parser = str::parse::<EventPatterns>)]
    pub rabbitmq_events: EventPatterns,
    /// Networks that webhooks and push services may be in though they are not public, separated by commas, such as 10.0.0.0/8 [default: none]
    #[arg(long, env = "WEBHOOK_ALLOWED_NETWORKS", value_delimiter = ',', value_parser = parse_network_of_addresses)]
    pub webhook_allowed_networks: Vec<String>,
    /// Time in which nothing was taken after which a webhook is disabled, in ms
    #[arg(long, env = "WEBHOOK_DISABLE_AFTER", default_value = "86400000",
          value_parser = parse_duration_within_bounds::<1, 2_592_000_000>)]
    pub webhook_disable_after: Duration,
    /// Whether browsers are told by Web Push what addresses their person
    #[arg(long, env = "WEB_PUSH", value_parser = parse_switch_on_or_off, default_value = "true",
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub web_push: bool,
    /// Time that a page has to show a notification before browsers are told of it, in ms
    #[arg(long, env = "WEB_PUSH_DELAY", default_value = "10000",
          value_parser = parse_duration_within_bounds::<0, 3_600_000>)]
    pub web_push_delay: Duration,
    /// Whom push services may write to about this server: mailto: and an address, or an https address
    #[arg(long, env = "WEB_PUSH_CONTACT", default_value = "mailto:postmaster@localhost", value_parser = str::parse::<PushContact>)]
    pub web_push_contact: PushContact,
}

impl OutletSettings {
    /// What the outlet to RabbitMQ takes, if there is one.
    pub fn to_rabbitmq_config(&self) -> Option<RabbitMqConfig> {
        Some(RabbitMqConfig {
            address: self.rabbitmq_url.clone()?,
            exchange: self.rabbitmq_exchange.clone(),
            events: self.rabbitmq_events.clone(),
        })
    }

    /// What calls addresses that people have given.
    pub fn build_caller_of_addresses(&self) -> anyhow::Result<Caller> {
        let allowed = Networks::from_texts(&self.webhook_allowed_networks)?;
        Ok(Caller::with_allowed_networks(allowed)?)
    }

    /// When browsers are told, if they are.
    pub fn to_web_push_config(&self) -> Option<WebPushConfig> {
        let (delay, contact) = (self.web_push_delay, self.web_push_contact.clone());
        self.web_push.then_some(WebPushConfig { delay, contact })
    }
}

/// Reads the name of an exchange. Those that begin with `amq.` are the broker's own.
fn parse_name_of_exchange(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    if is_plain && (1..=127).contains(&text.len()) && !text.starts_with("amq.") {
        Ok(text.to_owned())
    } else {
        Err("should be 1 to 127 letters, digits, -, _, . and :, and not begin with amq.".to_owned())
    }
}
