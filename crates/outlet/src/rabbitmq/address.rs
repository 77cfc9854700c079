//! Where a broker is, as its URL says, and how it is shown without the password.

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use url::Url;

const PORT: u16 = 5672;
const PORT_OF_TLS: u16 = 5671;

/// Where a broker is, and who we are there. It is shown without the password.
#[derive(Clone)]
pub struct BrokerAddress {
    /// Whether it is spoken to over TLS.
    pub(super) is_encrypted: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) virtual_host: String,
}

impl FromStr for BrokerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "should look like amqp://user:password@host:5672/vhost".to_owned();
        let url = Url::parse(text.trim()).map_err(|_| wrong())?;
        let is_encrypted = match url.scheme() {
            "amqp" => false,
            "amqps" => true,
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        let decode = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8().map_err(|_| wrong())?;
            // Lengths of one byte, as the protocol writes them.
            if decoded.len() <= 255 { Ok(decoded.into_owned()) } else { Err(wrong()) }
        };
        // As every client of AMQP reads it: no path is the vhost `/`, and so is `/%2f`.
        let virtual_host = match url.path() {
            "" | "/" => "/".to_owned(),
            path => decode(path.strip_prefix('/').unwrap_or(path))?,
        };
        let (user, password) = match (url.username(), url.password()) {
            ("", None) => ("guest".to_owned(), "guest".to_owned()),
            (user, password) => (decode(user)?, decode(password.unwrap_or_default())?),
        };
        let port = url.port().unwrap_or(if is_encrypted { PORT_OF_TLS } else { PORT });
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { is_encrypted, host, port, user, password, virtual_host })
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted { "amqps" } else { "amqp" };
        let Self { host, port, user, virtual_host, .. } = self;
        write!(f, "{scheme}://{user}@{host}:{port} (vhost {virtual_host})")
    }
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_addresses_as_clients_of_amqp_do() {
        let read = |text: &str| {
            let address = text.parse::<BrokerAddress>().expect(text);
            (address.port, address.user, address.password, address.virtual_host)
        };
        let texts = |user: &str, password: &str, vhost: &str| {
            (user.to_owned(), password.to_owned(), vhost.to_owned())
        };
        for (text, port, (user, password, vhost)) in [
            ("amqp://rabbit", 5672, texts("guest", "guest", "/")),
            ("amqp://rabbit/", 5672, texts("guest", "guest", "/")),
            ("amqps://a:b@rabbit/%2f", 5671, texts("a", "b", "/")),
            ("amqp://a:p%40ss@rabbit:1/owls", 1, texts("a", "p@ss", "owls")),
            ("amqp://a@[::1]:1/x", 1, texts("a", "", "x")),
        ] {
            assert_eq!(read(text), (port, user, password, vhost), "{text}");
        }
        for wrong in ["", "rabbit:5672", "http://rabbit", "amqp://", "amqp://a:b@/x"] {
            assert!(wrong.parse::<BrokerAddress>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn should_never_show_the_password() {
        let address: BrokerAddress = "amqp://ron:hunter2@rabbit/owls".parse().expect("an address");
        assert_eq!(address.to_string(), "amqp://ron@rabbit:5672 (vhost owls)");
        assert_eq!(format!("{address:?}"), "amqp://ron@rabbit:5672 (vhost owls)");
    }
}
