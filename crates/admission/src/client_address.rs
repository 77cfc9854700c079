//! Whose address a request comes from, when proxies stand between.

#[cfg(test)]
mod fuzz;

use std::net::{AddrParseError, IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What proxies say of a request. Of anybody else it is not believed.
const WORDS_OF_PROXIES: [&str; 5] =
    [FORWARDED_FOR, "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "forwarded"];

/// The address of the client, in the extensions of every request the server's listener hands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Networks, some of them of a single address.
#[derive(Debug, Clone, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// From addresses and networks such as `10.0.0.0/8`.
    pub fn from_texts(
        texts: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, InvalidNetwork> {
        let parse_network_or_address =
            |text: &str| text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        texts
            .into_iter()
            .map(|text| {
                let text = text.as_ref().trim();
                parse_network_or_address(text)
                    .map_err(|source| InvalidNetwork { text: text.to_owned(), source })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them has this address.
    pub fn include_address_of_peer(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address of the client: the peer, unless that is one of the `trusted` proxies; then the nearest address in
/// `X-Forwarded-For` that is not one. What stands left of it, the client may have written itself.
pub fn find_client_behind_proxies(
    trusted: &Networks,
    peer: IpAddr,
    headers: &HeaderMap,
) -> ClientAddress {
    let mut client = peer.to_canonical();
    if !trusted.include_address_of_peer(client) {
        return ClientAddress(client);
    }
    let values = headers.get_all(FORWARDED_FOR).into_iter().rev();
    // Bytes: a line that is no text as a whole still ends in what the nearest proxy added to it. Left out, it would
    // have a line of the client's own believed instead.
    let hops = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    for hop in hops {
        let Some(address) = parse_hop_with_port(hop) else { break };
        client = address.to_canonical();
        if !trusted.include_address_of_peer(client) {
            break;
        }
    }
    ClientAddress(client)
}

/// Takes what proxies say out of a request that comes from none of them, so that everybody behind this may believe what is
/// left. True when there was any.
pub fn remove_words_of_strangers(
    trusted: &Networks,
    peer: IpAddr,
    headers: &mut HeaderMap,
) -> bool {
    if trusted.include_address_of_peer(peer) {
        return false;
    }
    let removed = WORDS_OF_PROXIES.map(|name| headers.remove(name).is_some());
    removed.contains(&true)
}

/// A text that is neither an address nor a network.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no address and no network such as 10.0.0.0/8")]
pub struct InvalidNetwork {
    text: String,
    source: AddrParseError,
}

/// Some proxies add the port.
fn parse_hop_with_port(hop: &[u8]) -> Option<IpAddr> {
    let hop = std::str::from_utf8(hop).ok()?.trim();
    hop.parse::<IpAddr>()
        .or_else(|_| hop.parse::<SocketAddr>().map(|addr| addr.ip()))
        .or_else(|_| hop.trim_matches(['[', ']']).parse())
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_seen_from(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = Networks::from_texts(["10.0.0.0/8", "::1"]).expect("networks");
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("header"));
        }
        let peer = peer.parse().expect("peer");
        find_client_behind_proxies(&proxies, peer, &headers).0.to_string()
    }

    #[test]
    fn should_believe_only_trusted_proxies() {
        assert_eq!(client_seen_from("1.2.3.4", &["9.9.9.9"]), "1.2.3.4");
        assert_eq!(client_seen_from("10.0.0.1", &["9.9.9.9"]), "9.9.9.9");
        assert_eq!(client_seen_from("::ffff:10.0.0.1", &["9.9.9.9:4711"]), "9.9.9.9");
        assert_eq!(client_seen_from("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn should_not_believe_what_the_client_wrote_itself() {
        assert_eq!(client_seen_from("10.0.0.1", &["6.6.6.6, 9.9.9.9, 10.0.0.2"]), "9.9.9.9");
        assert_eq!(client_seen_from("10.0.0.1", &["6.6.6.6", "9.9.9.9"]), "9.9.9.9");
        assert_eq!(client_seen_from("10.0.0.1", &["6.6.6.6, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn should_believe_the_proxy_behind_what_a_client_made_unreadable() {
        assert_eq!(client_seen_from("10.0.0.1", &["é, 9.9.9.9"]), "9.9.9.9");
        assert_eq!(client_seen_from("10.0.0.1", &["6.6.6.6", "é, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn should_leave_words_of_proxies_and_of_nobody_else() {
        let proxies = Networks::from_texts(["10.0.0.0/8"]).expect("networks");
        let left_of = |peer: &str| {
            let mut headers = HeaderMap::new();
            for name in WORDS_OF_PROXIES.into_iter().chain(["host"]) {
                headers.append(name, "x".parse().expect("header"));
            }
            let peer = peer.parse().expect("peer");
            let any = remove_words_of_strangers(&proxies, peer, &mut headers);
            (any, headers.len())
        };
        assert_eq!(left_of("1.2.3.4"), (true, 1));
        assert_eq!(left_of("::ffff:10.0.0.1"), (false, 6));
    }

    #[test]
    fn should_name_the_network_it_cannot_read() {
        let refusal = Networks::from_texts(["10.0.0.0/8", "proxy"]).expect_err("refused");
        assert!(refusal.to_string().contains("\"proxy\""));
    }
}
