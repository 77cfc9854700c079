//! The place of the one node that publishes: advisory locks on a connection of their own. When the node dies the database ends the
//! connection, and the next node that asks has them.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::{Result, Store};

/// The first key of every lock of publishers: nobody else's lock has it.
const SEAT_LOCK_CLASS: i32 = 0x6f77_6c05;
/// A peer that is gone without a word is given up within four seconds, by the server as by us. So is one that is frozen, whose
/// connection stands: it is asked every second whether its places are held, and ended when nobody has asked for so long.
const NOTICE_DEAD_PEER: &str = "set tcp_keepalives_idle = 2; set tcp_keepalives_interval = 1; \
     set tcp_keepalives_count = 2; set tcp_user_timeout = 4000; set idle_session_timeout = 3500";
/// Longest wait for an answer to anything that is asked on the connection.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The connection, and with it the places that were taken. Dropped, they are free.
#[derive(Debug)]
pub struct PublisherSeat {
    connection: PgConnection,
}

impl Store {
    /// Opens a connection beside the pool. The embedded database has none to spare; there is one node alone.
    pub async fn open_publisher_seat_connection(&self) -> Result<PublisherSeat> {
        let options = self.pool.library_pool().connect_options();
        let options = options.as_ref().clone().application_name("owlpost publisher");
        let limit = self.config.connection_timeout;
        let mut connection = tokio::time::timeout(limit, options.connect()).await??;
        tokio::time::timeout(ANSWER_LIMIT, connection.execute(NOTICE_DEAD_PEER)).await??;
        Ok(PublisherSeat { connection })
    }
}

impl PublisherSeat {
    /// Takes the place of the publisher to this kind of outlets, if it is free. Ask once only: a second lock of the same
    /// connection would be given.
    pub async fn try_taking_free_place(&mut self, kind: &str) -> Result<bool> {
        let lock = sqlx::query_scalar("select pg_try_advisory_lock($1, hashtext($2))")
            .bind(SEAT_LOCK_CLASS)
            .bind(kind)
            .fetch_one(&mut self.connection);
        Ok(tokio::time::timeout(ANSWER_LIMIT, lock).await??)
    }

    /// Whether the connection stands, and with it the places.
    pub async fn prove_places_are_held(&mut self) -> Result<()> {
        Ok(tokio::time::timeout(ANSWER_LIMIT, self.connection.ping()).await??)
    }

    /// Gives every place back, at once.
    pub async fn give_places_to_others(self) {
        // Dropped it is closed as well, a moment later.
        let _ = tokio::time::timeout(ANSWER_LIMIT, self.connection.close()).await;
    }
}
