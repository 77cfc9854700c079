//! The Redis of `REDIS_URL`: which addresses are taken, and whether what answers there can carry messages.

use std::{fmt, time::Duration};

use redis::{
    AsyncCommands as _, Client, ConnectionInfo, InfoDict, IntoConnectionInfo as _,
    aio::MultiplexedConnection,
};
use tokio::time::timeout;

const EXPECTED: &str = "should be an address such as redis://host:6379/0, or rediss://user:password@host:6379 over TLS";
const ONE_ADDRESS: &str = "should be one address: of a Sentinel's master, one that follows it (a proxy, a service name); of a \
     cluster, any of its nodes";

/// Reads the address of a Redis, which is asked nothing.
pub fn parse_address_of_redis(text: &str) -> Result<ConnectionInfo, String> {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if scheme.contains("sentinel") || scheme.contains("cluster") || text.contains(',') {
        return Err(ONE_ADDRESS.into());
    }
    text.into_connection_info().map_err(|_| EXPECTED.to_owned())
}

/// Why a Redis cannot carry the messages between nodes.
#[derive(Debug)]
pub enum UnusableRedis {
    /// It does not answer, or refuses us.
    Failed(redis::RedisError),
    /// No answer came in time.
    Silent(Duration),
    /// A Sentinel answers: it knows where the master is, and carries nothing.
    Sentinel,
}

impl fmt::Display for UnusableRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Silent(time) => write!(f, "no answer within {} s", time.as_secs()),
            Self::Sentinel => f.write_str(
                "a Sentinel answers there: give the address of its master, or one that follows it",
            ),
        }
    }
}

impl From<redis::RedisError> for UnusableRedis {
    fn from(error: redis::RedisError) -> Self {
        Self::Failed(error)
    }
}

/// Asks the Redis at an address whether it carries messages.
pub async fn check_redis_carries_messages(
    url: &str,
    within: Duration,
) -> Result<(), UnusableRedis> {
    let asking = async {
        let mut connection = Client::open(url)?.get_multiplexed_async_connection().await?;
        refuse_redis_without_messages(&mut connection).await?;
        connection.publish::<_, _, ()>("owlpost:doctor", "").await?;
        Ok(())
    };
    timeout(within, asking).await.unwrap_or(Err(UnusableRedis::Silent(within)))
}

/// A Redis that does not let us ask what it is gets the benefit of the doubt.
pub(crate) async fn refuse_redis_without_messages(
    connection: &mut MultiplexedConnection,
) -> Result<(), UnusableRedis> {
    let answer = redis::cmd("INFO").arg("server").query_async::<InfoDict>(connection).await;
    let mode = answer.ok().and_then(|info| info.get::<String>("redis_mode"));
    if mode.as_deref() == Some("sentinel") { Err(UnusableRedis::Sentinel) } else { Ok(()) }
}
