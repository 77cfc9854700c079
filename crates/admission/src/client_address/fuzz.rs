//! Any `X-Forwarded-For` in any number of lines, against a reading of what the nearest proxies wrote.

use http::HeaderValue;
use owlpost_fuzzing::FuzzTarget;

use super::*;

/// Takes the lines as the one list they stand for, from its end.
fn find_client_of_joined_lines(trusted: &Networks, peer: IpAddr, lines: &[&[u8]]) -> IpAddr {
    let list = lines.join(&b","[..]);
    let mut hops: Vec<&[u8]> = list.split(|byte| *byte == b',').collect();
    let mut client = peer.to_canonical();
    while trusted.include_address_of_peer(client)
        && let Some(hop) = hops.pop()
    {
        let Some(address) = parse_hop_with_port(hop) else { break };
        client = address.to_canonical();
    }
    client
}

#[test]
fn should_find_the_client_whatever_it_wrote_before_the_proxies_did() {
    let trusted = Networks::from_texts(["10.0.0.0/8", "::1", "fd00::/8"]).expect("networks");
    FuzzTarget::new("http-forwarded-for").check_each_fuzzed_input(move |input| {
        let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
        let mut headers = HeaderMap::new();
        for line in &lines {
            let Ok(value) = HeaderValue::from_bytes(line) else { return };
            headers.append(FORWARDED_FOR, value);
        }
        for peer in ["10.0.0.1", "::ffff:10.0.0.1", "9.9.9.9"] {
            let peer = peer.parse().expect("an address");
            let ClientAddress(client) = find_client_behind_proxies(&trusted, peer, &headers);
            assert_eq!(
                client,
                find_client_of_joined_lines(&trusted, peer, &lines),
                "behind {peer}"
            );
        }
        // What the nearest proxy saw is what counts, and nothing that came to it.
        headers.append(FORWARDED_FOR, HeaderValue::from_static("9.9.9.9"));
        let peer = "10.0.0.1".parse().expect("an address");
        let ClientAddress(client) = find_client_behind_proxies(&trusted, peer, &headers);
        assert_eq!(client.to_string(), "9.9.9.9");
    });
}
