//! `ACK` and `NACK`: acknowledging the message of a notification marks it as read.

use std::sync::Arc;

use owlpost_domain::{DomainError, Result};
use owlpost_gateway::{Answer, Caller};
use uuid::Uuid;

use crate::peer::StompPeer;

/// Takes note that a message was worked on, or was not. Nothing is sent to anybody else instead: these are topics.
pub(crate) async fn acknowledge_message_of_client(
    caller: Caller,
    peer: Arc<StompPeer>,
    id: String,
    is_done: bool,
) -> Result<Option<Answer>> {
    let subjects = {
        let mut subscriptions = peer.subscriptions.lock();
        if is_done {
            subscriptions.take_subjects_of_acknowledgement(&id)
        } else {
            subscriptions.was_message_ever_sent(&id).then(Vec::new)
        }
    };
    let subjects = subjects.ok_or(DomainError::NotFound("Message"))?;
    for subject in subjects {
        let notification: Uuid = subject.parse().map_err(|_| DomainError::NotFound("Message"))?;
        caller.mark_notification_as_read(notification).await?;
    }
    Ok(Some(Answer::new()))
}
