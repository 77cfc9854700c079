//! Any `Origin` and any `Host`.

use http::HeaderValue;
use owlpost_fuzzing::FuzzTarget;

use super::*;

const ALLOWED: &str = "http://localhost:3001";

#[test]
fn should_let_in_no_page_but_the_listed_and_the_servers_own() {
    FuzzTarget::new("gateway-origins").check_each_fuzzed_input(|input| {
        let mut lines = input.splitn(2, |byte| *byte == b'\n');
        let (origin, host) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let (Ok(origin), Ok(host)) =
            (HeaderValue::from_bytes(origin), HeaderValue::from_bytes(host))
        else {
            return;
        };
        let text = String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase();
        let own = String::from_utf8_lossy(host.as_bytes()).to_ascii_lowercase();
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin);
        headers.insert(header::HOST, host);
        let allowed = is_origin_allowed_to_connect(&headers, &[format!("{ALLOWED}/")]);
        let without_default = |authority: &str, port: &str| {
            authority.trim().strip_suffix(port).unwrap_or(authority.trim()).to_owned()
        };
        let is_own = text.split_once("://").is_some_and(|(scheme, page)| {
            let port = if scheme == "https" { ":443" } else { ":80" };
            let same_number = |a: &str, b: &str| {
                let number = |text: &str| {
                    text.rsplit_once(':')
                        .map(|(host, port)| (host.to_owned(), port.parse::<u16>().ok()))
                };
                number(a).is_some() && number(a) == number(b)
            };
            let (page, own) = (without_default(page, port), without_default(&own, port));
            page == own || same_number(&page, &own)
        });
        assert!(!allowed || text == ALLOWED || is_own, "{text} at {own}");
        assert!(allowed || text != ALLOWED);
    });
}
