//! Where connections of ours may lead. Whoever makes a webhook must not reach with it what stands behind this server's wall.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use owlpost_admission::Networks;

/// Networks that are nobody's in the public internet, with what they are.
const NOT_PUBLIC: [&str; 27] = [
    // This host, and loopback.
    "0.0.0.0/8",
    "127.0.0.0/8",
    "::/128",
    "::1/128",
    // Private networks, and those of carriers.
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    // One link, with the metadata services of clouds; theirs elsewhere are one of carriers' and the last but one here.
    "169.254.0.0/16",
    "fe80::/10",
    "fec0::/10",
    // Assigned to protocols, to examples and to measurements.
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "100::/64",
    // Translators of a network's own.
    "64:ff9b:1::/48",
    // Many at once, and what is reserved.
    "224.0.0.0/3",
    "ff00::/8",
    // Azure's, which only its own machines reach.
    "168.63.129.16/32",
    // Relays that are not used any more.
    "192.88.99.0/24",
];

static NOT_PUBLIC_NETWORKS: LazyLock<Networks> = LazyLock::new(|| {
    Networks::from_texts(NOT_PUBLIC).expect("the networks of the table are written as networks")
});

/// Decides where connections may lead.
#[derive(Debug, Clone)]
pub(super) struct Doorman {
    allowed: Networks,
}

impl Doorman {
    /// Public addresses may be called, and those of these networks.
    pub(super) const fn with_allowed_networks(allowed: Networks) -> Self {
        Self { allowed }
    }

    /// Whether this address may be called. Of one that has another inside, both must.
    pub(super) fn lets_through_to_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.allowed.include_address_of_peer(address) {
            return true;
        }
        let inside = match address {
            IpAddr::V6(address) => find_address_inside_another(address),
            IpAddr::V4(_) => None,
        };
        !NOT_PUBLIC_NETWORKS.include_address_of_peer(address)
            && inside.is_none_or(|inside| self.lets_through_to_address(inside.into()))
    }
}

/// The address of IPv4 that packets to this one are sent on to: by translators (64:ff9b::/96) and by 6to4 (2002::/16); and
/// that of the old way to write one in the other (::/96).
fn find_address_inside_another(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = address.octets();
    let [.., a, b, c, d] = octets;
    match octets {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        [0x20, 0x02, a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_through(allowed: &[&str], address: &str) -> bool {
        let doorman =
            Doorman::with_allowed_networks(Networks::from_texts(allowed).expect("networks"));
        doorman.lets_through_to_address(address.parse().expect(address))
    }

    #[test]
    fn should_let_nobody_call_what_is_not_public() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!lets_through(&[], address), "{address}");
        }
    }

    #[test]
    fn should_let_public_addresses_and_allowed_networks_be_called() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.167.1.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(lets_through(&[], address), "{address}");
        }
        assert!(lets_through(&["10.0.0.0/8"], "10.1.2.3"));
        assert!(lets_through(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(!lets_through(&["10.0.0.0/8"], "127.0.0.1"));
        assert!(lets_through(&["127.0.0.1"], "127.0.0.1"));
        assert!(!lets_through(&["127.0.0.1"], "127.0.0.2"));
        assert!(lets_through(&["fd00::/8"], "fd00::1"));
    }
}
