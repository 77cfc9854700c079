//! A queue of RabbitMQ that hears an exchange, with a real client of it.

use amqprs::{
    BasicProperties,
    callbacks::{DefaultChannelCallback, DefaultConnectionCallback},
    channel::{
        BasicConsumeArguments, Channel, ConsumerMessage, ExchangeDeclareArguments,
        ExchangeDeleteArguments, QueueBindArguments, QueueDeclareArguments,
    },
    connection::{Connection, OpenConnectionArguments},
};
use tokio::sync::mpsc;

use crate::finish_within_test_deadline;

/// Host and port of a broker, where user and password are `guest`.
const BROKER_ADDRESS: &str = "OWLPOST_TEST_RABBITMQ";
const USUAL_ADDRESS: &str = "127.0.0.1:5672";

/// A message as it came.
#[derive(Debug, Clone)]
pub struct BrokerMessage {
    /// What it was published with.
    pub routing_key: String,
    /// Its properties.
    pub properties: BasicProperties,
    /// Its body.
    pub body: Vec<u8>,
}

impl BrokerMessage {
    /// The id its publisher gave it.
    pub fn id(&self) -> &str {
        self.properties.message_id().map_or("", String::as_str)
    }
}

/// A queue bound to an exchange. [`Self::delete_exchange_at_end`] takes both away.
pub struct BrokerQueue {
    exchange: String,
    connection: Connection,
    channel: Channel,
    messages: mpsc::UnboundedReceiver<ConsumerMessage>,
}

/// Host and port of the broker of the environment; `None` when there is none, and then that is printed.
pub async fn find_broker_for_tests() -> Option<String> {
    let given = std::env::var(BROKER_ADDRESS).ok().filter(|address| !address.is_empty());
    let address = given.unwrap_or_else(|| USUAL_ADDRESS.to_owned());
    match tokio::net::TcpStream::connect(&*address).await {
        Ok(_) => Some(address),
        Err(error) => {
            #[allow(clippy::print_stderr)]
            {
                eprintln!("left out: no RabbitMQ at {address}: {error}");
            }
            None
        }
    }
}

/// Declares an exchange of any type, durable or not.
pub async fn declare_exchange_at_broker(address: &str, exchange: &str, kind: &str, durable: bool) {
    let (connection, channel) = open_channel_at_broker(address).await;
    let mut declared = ExchangeDeclareArguments::new(exchange, kind);
    declared.durable(durable);
    channel.exchange_declare(declared).await.expect("an exchange");
    connection.close().await.expect("a clean end");
}

/// Deletes an exchange, which need not be there.
pub async fn delete_exchange_at_broker(address: &str, exchange: &str) {
    let (connection, channel) = open_channel_at_broker(address).await;
    channel.exchange_delete(ExchangeDeleteArguments::new(exchange)).await.expect("deleted");
    connection.close().await.expect("a clean end");
}

async fn open_channel_at_broker(address: &str) -> (Connection, Channel) {
    let (host, port) = address.rsplit_once(':').expect("host:port");
    let port = port.parse().expect("a port");
    let arguments = OpenConnectionArguments::new(host, port, "guest", "guest");
    let connection = Connection::open(&arguments).await.expect("a connection to RabbitMQ");
    connection.register_callback(DefaultConnectionCallback).await.expect("registered");
    let channel = connection.open_channel(None).await.expect("a channel");
    channel.register_callback(DefaultChannelCallback).await.expect("registered");
    (connection, channel)
}

impl BrokerQueue {
    /// A queue that hears everything of a durable topic exchange from now on; the exchange is declared.
    pub async fn listen_to_topic_exchange(address: &str, exchange: &str) -> Self {
        let (connection, channel) = open_channel_at_broker(address).await;
        let mut declared = ExchangeDeclareArguments::new(exchange, "topic");
        declared.durable(true);
        channel.exchange_declare(declared).await.expect("an exchange");
        let queue = channel.queue_declare(QueueDeclareArguments::exclusive_server_named()).await;
        let (queue, ..) = queue.expect("a queue").expect("its name");
        let binding = QueueBindArguments::new(&queue, exchange, "#");
        channel.queue_bind(binding).await.expect("bound");
        let mut consuming = BasicConsumeArguments::new(&queue, "");
        consuming.no_ack = true;
        let (_, messages) = channel.basic_consume_rx(consuming).await.expect("a consumer");
        Self { exchange: exchange.to_owned(), connection, channel, messages }
    }

    /// The next message.
    pub async fn receive_next_broker_message(&mut self) -> BrokerMessage {
        let message = finish_within_test_deadline(self.messages.recv()).await.expect("a message");
        let deliver = message.deliver.expect("how it came");
        BrokerMessage {
            routing_key: deliver.routing_key().to_owned(),
            properties: message.basic_properties.expect("properties"),
            body: message.content.unwrap_or_default(),
        }
    }

    /// Deletes exchange and queue.
    pub async fn delete_exchange_at_end(self) {
        let deleting = ExchangeDeleteArguments::new(&self.exchange);
        self.channel.exchange_delete(deleting).await.expect("deleted");
        self.connection.close().await.expect("a clean end");
    }
}
