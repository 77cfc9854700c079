//! Whether a page is this server's own: also behind a proxy, which clients know by another name than it gives the server.
//!
//! The listener has removed what anybody but a trusted proxy says of a request, so what is there is believed.

use http::{HeaderMap, header};

/// What proxies call the server for its clients.
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_PROTO: &str = "x-forwarded-proto";
const FORWARDED_PORT: &str = "x-forwarded-port";
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The same in one header (RFC 7239).
const FORWARDED: &str = "forwarded";
/// What a browser says of a request of its page. No page can write it.
const FETCH_SITE: &str = "sec-fetch-site";

/// A host and, where it is said, a port.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

/// What a trusted proxy says.
#[derive(Debug, Default)]
struct WordsOfProxy {
    host: Option<String>,
    proto: Option<String>,
    port: Option<u16>,
    is_there: bool,
}

/// Browsers of today compare the origins themselves, with the address their user sees. They say so only over TLS and on
/// their own machine.
pub(super) fn says_browser_that_origin_is_own(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin")
}

/// Whether it is the address that this request was made to, as far as the request and the proxies before us tell.
pub(super) fn is_origin_of_this_server(headers: &HeaderMap, origin: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Some(page) = Authority::from_text(authority) else { return false };
    let proxy = WordsOfProxy::from_headers(headers);
    if proxy.proto.as_ref().is_some_and(|proto| !proto.eq_ignore_ascii_case(scheme)) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let names = [proxy.host.as_deref(), host].into_iter().flatten();
    names.filter_map(Authority::from_text).any(|own| {
        let page_port = page.port.unwrap_or(default_port);
        let has_port = match own.port.or(proxy.port) {
            Some(port) => port == page_port,
            // Many proxies pass the host on without the port they listen on: nginx with `$host`.
            None => page_port == default_port || proxy.is_there,
        };
        own.host == page.host && has_port
    })
}

impl Authority {
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
            _ => (&*text, None),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_[]:".contains(c);
        let fits = !host.is_empty() && host.chars().all(is_host);
        fits.then(|| Self { host: host.to_owned(), port })
    }
}

impl WordsOfProxy {
    fn from_headers(headers: &HeaderMap) -> Self {
        let mut words = Self {
            host: read_first_of_list(headers, FORWARDED_HOST),
            proto: read_first_of_list(headers, FORWARDED_PROTO),
            port: read_first_of_list(headers, FORWARDED_PORT).and_then(|port| port.parse().ok()),
            is_there: [FORWARDED_HOST, FORWARDED_PROTO, FORWARDED_PORT, FORWARDED_FOR, FORWARDED]
                .into_iter()
                .any(|name| headers.contains_key(name)),
        };
        for pair in read_first_of_list(headers, FORWARDED).unwrap_or_default().split(';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"').to_owned();
            match name.trim().to_ascii_lowercase().as_str() {
                "host" => words.host = words.host.or(Some(value)),
                "proto" => words.proto = words.proto.or(Some(value)),
                _ => {}
            }
        }
        words
    }
}

/// The proxy nearest to the client is the first.
fn read_first_of_list(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split(',').next()?.trim();
    (!first.is_empty()).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(origin: &str, words: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in words {
            headers.insert(*name, value.parse().expect("a header"));
        }
        is_origin_of_this_server(&headers, origin)
    }

    #[test]
    fn should_know_its_own_pages_without_a_proxy() {
        assert!(is_own("http://owl.example:4001", &[("host", "Owl.example:4001")]));
        assert!(is_own("https://owl.example", &[("host", "owl.example")]));
        assert!(is_own("https://owl.example", &[("host", "owl.example:443")]));
        assert!(is_own("http://[::1]:4001", &[("host", "[::1]:4001")]));
        for (origin, host) in [
            ("http://owl.example:8080", "owl.example"),
            ("http://owl.example", "owl.example:4001"),
            ("http://evil.example", "owl.example"),
            ("http://owl.example.evil", "owl.example"),
            ("null", "owl.example"),
            ("capacitor://owl.example", "owl.example"),
            ("http://", ""),
        ] {
            assert!(!is_own(origin, &[("host", host)]), "{origin} at {host}");
        }
    }

    #[test]
    fn should_know_its_own_pages_behind_proxies() {
        let nginx = [("host", "owl.example"), ("x-forwarded-for", "9.9.9.9")];
        assert!(is_own("http://owl.example:8080", &nginx));
        assert!(!is_own("http://evil.example:8080", &nginx));
        let rewritten = [
            ("host", "127.0.0.1:4001"),
            ("x-forwarded-host", "owl.example:8443"),
            ("x-forwarded-proto", "https"),
        ];
        assert!(is_own("https://owl.example:8443", &rewritten));
        assert!(!is_own("http://owl.example:8443", &rewritten), "another scheme is another origin");
        assert!(!is_own("https://owl.example", &rewritten));
        let parts = [
            ("host", "10.0.0.1"),
            ("x-forwarded-host", "owl.example, inner"),
            ("x-forwarded-port", "8080"),
        ];
        assert!(is_own("http://owl.example:8080", &parts));
        assert!(!is_own("http://owl.example:9090", &parts));
        let standard = [
            ("host", "inner"),
            ("forwarded", "for=9.9.9.9;host=\"owl.example:81\";proto=http, for=10.0.0.1"),
        ];
        assert!(is_own("http://owl.example:81", &standard));
        assert!(!is_own("https://owl.example:81", &standard));
    }
}
