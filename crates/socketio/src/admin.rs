//! The namespace that Socket.IO's Admin UI connects to (`@socket.io/admin-ui` 0.5): for Aurors, who look and may disconnect.
//! Nothing else is offered: whoever could make a socket join or hear something would get around who may hear what.
//!
//! - this file: who comes in, what they are told and may ask for;
//! - [`console`]: everybody who is in, at this node, and what consoles tell each other;
//! - `statistics`: what a node says of itself, every two seconds;
//! - `watched_sockets`: the sockets of a node, as the development mode shows them;
//! - `redaction`: what is never shown.

pub mod console;
mod redaction;
mod statistics;
pub(crate) mod watched_sockets;

use std::{fmt, net::IpAddr, sync::Arc};

use futures_util::future::BoxFuture;
use http::header;
use owlpost_admission::ClientAddress;
use owlpost_domain::DomainError;
use serde::Deserialize;
use serde_json::json;
use socketioxide::{
    SocketIo,
    extract::{SocketRef, TryData},
    handler::ConnectHandler as _,
};

use self::console::{Console, Operator};
use crate::transport::find_session_of_engine;

/// The namespace, which the UI asks for by itself.
const NAMESPACE: &str = "/admin";
/// On exactly these words the UI shows its form again.
const INVALID_CREDENTIALS: &str = "invalid credentials";
/// Bytes of a session and of a password that are looked at.
const MOST_CREDENTIAL_BYTES: usize = 4096;

/// How operators prove who they are, with the limits that every login has.
pub trait OperatorDoor: Send + Sync + 'static {
    /// An Auror with these credentials, and the session with which they come back.
    fn admit_operator_by_password<'a>(
        &'a self,
        email: &'a str,
        password: &'a str,
        address: IpAddr,
        user_agent: Option<String>,
    ) -> BoxFuture<'a, Result<OperatorLogin, DoorRefusal>>;
}

/// Why an operator is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorRefusal {
    /// Address or password are wrong, or belong to no Auror.
    WrongCredentials,
    /// Too many were wrong.
    TooManyTries,
    /// The database does not answer.
    Unavailable,
}

impl From<&DomainError> for DoorRefusal {
    fn from(error: &DomainError) -> Self {
        if error.is_of_server() { Self::Unavailable } else { Self::WrongCredentials }
    }
}

impl fmt::Display for DoorRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongCredentials => INVALID_CREDENTIALS,
            Self::TooManyTries => "too many attempts, try again later",
            Self::Unavailable => "service unavailable, try again",
        })
    }
}

/// An operator who came in by password.
#[derive(Debug)]
pub struct OperatorLogin {
    /// What lets them in again.
    pub session: String,
}

/// What the UI connects with.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Credentials {
    username: Option<String>,
    password: Option<String>,
    session_id: Option<String>,
}

/// Opens the namespace on a server.
pub(crate) fn open_namespace_of_console(io: &SocketIo, console: &Arc<Console>) {
    let (admitting, welcoming) = (console.clone(), console.clone());
    let admit =
        move |socket, auth| admit_operator_with_credentials(admitting.clone(), socket, auth);
    let welcome = move |socket: SocketRef| {
        welcome_operator_to_console(&welcoming, &socket);
        std::future::ready(())
    };
    io.ns(NAMESPACE, welcome.with(admit));
}

/// A session that was admitted, until its socket is connected.
#[derive(Clone)]
struct Admitted {
    operator: Operator,
    new_session: Option<String>,
}

async fn admit_operator_with_credentials(
    console: Arc<Console>,
    socket: SocketRef,
    TryData(auth): TryData<Credentials>,
) -> Result<(), DoorRefusal> {
    let credentials = auth.unwrap_or_default();
    let new_session = match (&credentials.username, &credentials.password) {
        (Some(email), Some(password)) if email.len() + password.len() <= MOST_CREDENTIAL_BYTES => {
            let request = socket.req_parts();
            let address = request.extensions.get::<ClientAddress>();
            let address = address.map_or(IpAddr::from([0, 0, 0, 0]), |client| client.0);
            let agent = request.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
            let agent = agent.map(str::to_owned);
            let login =
                console.door.admit_operator_by_password(email, password, address, agent).await?;
            Some(login.session)
        }
        _ => None,
    };
    let session = new_session.clone().or(credentials.session_id).unwrap_or_default();
    if session.is_empty() || session.len() > MOST_CREDENTIAL_BYTES {
        return Err(DoorRefusal::WrongCredentials);
    }
    let known = console.core.store().find_operator_by_session(&session).await;
    let (user, access) = known.map_err(|error| DoorRefusal::from(&error))?;
    let engine = find_session_of_engine(&socket).ok_or(DoorRefusal::Unavailable)?;
    engine.lift_limits_after_admission();
    let operator = Operator { user, access, socket: socket.clone() };
    socket.extensions.insert(Admitted { operator, new_session });
    Ok(())
}

fn welcome_operator_to_console(console: &Arc<Console>, socket: &SocketRef) {
    let Some(Admitted { operator, new_session }) = socket.extensions.remove::<Admitted>() else {
        return;
    };
    let who = operator.user.id;
    if !console.admit_operator_to_console(operator) {
        let _ = socket.clone().disconnect();
        return;
    }
    // A new socket has room for these, unless it is over.
    if let Some(session) = new_session {
        let _ = socket.emit("session", &session);
    }
    let _ =
        socket.emit("config", &json!({ "supportedFeatures": console.list_features_on_offer() }));
    console.show_all_sockets_to(socket);
    let disconnecting = console.clone();
    socket.on("_disconnect", move |TryData::<(String, bool, String)>(asked)| {
        if let Ok((namespace, for_good, filter)) = asked
            && namespace == "/"
        {
            disconnecting.disconnect_sockets_at_every_node(who, &filter, for_good);
        }
        std::future::ready(())
    });
    let (leaving, id) = (console.clone(), socket.id);
    socket.on_disconnect(move || {
        leaving.remove_operator_from_console(id);
        std::future::ready(())
    });
}
