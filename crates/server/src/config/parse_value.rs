//! Readers of single values. What they refuse, they explain: the text becomes part of the error at start.

use std::{net::IpAddr, str::FromStr as _, time::Duration};

use owlpost_domain::RegistrationPolicy;
use owlpost_realtime::parse_address_of_redis;

/// Reads a duration: a number with `ms`, `s`, `m`, `h` or `d`, or a bare number of milliseconds.
pub(crate) fn parse_duration_with_unit(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str =
        "should be a number of milliseconds, or a number with ms, s, m, h or d, such as 30s";
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse::<u64>().map_err(|_| EXPECTED.to_owned())?;
    let unit_ms = match text[digits..].trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        "d" => 24 * 3600 * 1000,
        _ => return Err(EXPECTED.to_owned()),
    };
    let ms = number.checked_mul(unit_ms).ok_or("is too long")?;
    // A century: enough for anyone, and far from overflowing a timer or a date.
    if ms > 100 * 365 * 24 * 3600 * 1000 {
        Err("is too long".into())
    } else {
        Ok(Duration::from_millis(ms))
    }
}

/// As [`parse_duration_with_unit`], within these bounds in milliseconds. Timers of clients and of the kernel count
/// milliseconds in 31 bits, hence the upper ones.
pub(crate) fn parse_duration_within_bounds<const LEAST_MS: u64, const MOST_MS: u64>(
    text: &str,
) -> Result<Duration, String> {
    let duration = parse_duration_with_unit(text)?;
    if (Duration::from_millis(LEAST_MS)..=Duration::from_millis(MOST_MS)).contains(&duration) {
        Ok(duration)
    } else {
        let (least, most) = (write_duration_with_unit(LEAST_MS), write_duration_with_unit(MOST_MS));
        Err(format!("should be from {least} to {most}"))
    }
}

/// The largest unit that leaves a whole number.
fn write_duration_with_unit(ms: u64) -> String {
    let units = [(24 * 3600 * 1000, "d"), (3600 * 1000, "h"), (60 * 1000, "m"), (1000, "s")];
    let fitting =
        units.into_iter().find(|(unit_ms, _)| ms >= *unit_ms && ms.is_multiple_of(*unit_ms));
    fitting.map_or_else(|| format!("{ms}ms"), |(unit_ms, unit)| format!("{}{unit}", ms / unit_ms))
}

/// Reads the timeout of the watchdog: 0 is off. Within less than a second, a machine that is merely busy looks stuck.
pub(crate) fn parse_timeout_of_watchdog(text: &str) -> Result<Duration, String> {
    let timeout = parse_duration_with_unit(text)?;
    let bounds = Duration::from_secs(1)..=Duration::from_secs(3600);
    if timeout.is_zero() || bounds.contains(&timeout) {
        Ok(timeout)
    } else {
        Err("should be from 1s to 1h, or 0 to switch the watchdog off".into())
    }
}

/// Reads a whole number within these bounds. Where 0 is allowed, it switches a limit off.
pub(crate) fn parse_number_within_bounds<T: TryFrom<i64>, const LEAST: i64, const MOST: i64>(
    text: &str,
) -> Result<T, String> {
    let number = text.trim().parse::<i64>().ok().filter(|number| (LEAST..=MOST).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        let off = if LEAST == 0 { ", 0 for no limit" } else { "" };
        format!("should be a whole number from {LEAST} to {MOST}{off}")
    })
}

/// Reads a TCP port.
pub(crate) fn parse_number_of_port(text: &str) -> Result<u16, String> {
    text.trim().parse().map_err(|_| "should be a port from 0 to 65535, 0 for any free one".into())
}

/// Reads an address to listen on.
pub(crate) fn parse_address_to_listen(text: &str) -> Result<IpAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "should be an IP address such as 127.0.0.1, or 0.0.0.0 for all".into())
}

/// Reads a number of bytes: a whole number, or one with `kB` or `MB`.
pub(crate) fn parse_size_in_bytes(text: &str) -> Result<usize, String> {
    const EXPECTED: &str =
        "should be a number of bytes from 1024 to 64 MB, such as 65536, 64kB or 1MB";
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" | "kib" | "k" => 1024,
        "mb" | "mib" | "m" => 1024 * 1024,
        _ => return Err(EXPECTED.to_owned()),
    };
    let bytes = text[..digits].parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| (1024..=64 * 1024 * 1024).contains(bytes))
        .ok_or_else(|| EXPECTED.to_owned())
}

/// Reads a switch: `true`, `false`, `1`, `0`, `yes`, `no`, `on` or `off`.
pub(crate) fn parse_switch_on_or_off(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("should be true or false".into()),
    }
}

/// Schemes that no page has an origin of.
const SCHEMES_WITHOUT_PAGES: [&str; 7] = ["ftp", "file", "ws", "wss", "data", "blob", "javascript"];

/// Reads one origin of a page, `scheme://host[:port]`, of browsers, their extensions and apps; `null`, which pages have that
/// have none; or `*` for any.
pub(crate) fn parse_origin_of_page(text: &str) -> Result<String, String> {
    const EXPECTED: &str =
        "should be origins such as http://localhost:3001, separated by commas, or *";
    let origin = text.trim().trim_end_matches('/');
    if origin == "*" || origin == "null" {
        return Ok(origin.to_owned());
    }
    let is_scheme = |scheme: &str| {
        let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(letters)
            && !SCHEMES_WITHOUT_PAGES.iter().any(|other| other.eq_ignore_ascii_case(scheme))
    };
    match origin.split_once("://") {
        Some((scheme, host))
            if is_scheme(scheme)
                && !host.is_empty()
                && !host.contains(['/', ' ', '?', '#', '*']) =>
        {
            Ok(origin.to_ascii_lowercase())
        }
        _ => Err(EXPECTED.into()),
    }
}

/// Reads where the keys of an identity provider are: an address, or a path. Without TLS only on this machine.
pub(crate) fn parse_place_of_keys(text: &str) -> Result<String, String> {
    let text = text.trim();
    let after_scheme = |scheme| text.strip_prefix(scheme).filter(|rest: &&str| !rest.is_empty());
    let is_local = |rest: &str| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let is_loopback = |ip: std::net::Ipv4Addr| ip.is_loopback();
        host == "localhost" || host.parse().is_ok_and(is_loopback) || rest.starts_with("[::1]")
    };
    match (after_scheme("http://"), after_scheme("https://")) {
        (Some(rest), _) if !is_local(rest) => {
            Err("should be an address with https://, or a file".into())
        }
        (None, None) if text.is_empty() || text.contains("://") => {
            Err("should be an address with https://, or a file".into())
        }
        _ => Ok(text.to_owned()),
    }
}

/// Reads who may register: `open`, `closed`, or domains.
pub(crate) fn parse_policy_of_registration(text: &str) -> Result<RegistrationPolicy, String> {
    const EXPECTED: &str =
        "should be open, closed, or domains such as hogwarts.edu, separated by commas";
    match text.trim().to_ascii_lowercase().as_str() {
        "open" => return Ok(RegistrationPolicy::Open),
        "closed" => return Ok(RegistrationPolicy::Closed),
        _ => {}
    }
    let read_domain = |domain: &str| {
        let domain = domain.trim().trim_start_matches('@').to_ascii_lowercase();
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        is_domain.then_some(domain).ok_or_else(|| EXPECTED.to_owned())
    };
    let domains = text.split(',').map(read_domain).collect::<Result<_, _>>()?;
    Ok(RegistrationPolicy::Domains(domains))
}

/// Reads the token of whoever scrapes the metrics.
pub(crate) fn parse_token_of_metrics(text: &str) -> Result<String, String> {
    const LEAST_CHARS: usize = 16;
    let is_token = text.len() >= LEAST_CHARS && text.chars().all(|c| c.is_ascii_graphic());
    let expected =
        format!("should have at least {LEAST_CHARS} letters, digits and signs, without spaces");
    is_token.then(|| text.to_owned()).ok_or(expected)
}

/// Reads the signing secret of access tokens.
pub(crate) fn parse_secret_of_tokens(text: &str) -> Result<String, String> {
    if text.len() < MIN_SECRET_BYTES {
        return Err(format!(
            "should have at least {MIN_SECRET_BYTES} bytes and has {}: shorter keys of HS256 can be found by trying; \
             make one with `openssl rand -base64 48`",
            text.len()
        ));
    }
    Ok(text.to_owned())
}

/// Bytes of the shortest accepted signing secret: the width of the hash it keys.
pub const MIN_SECRET_BYTES: usize = 32;

/// Reads the address of Postgres.
pub(crate) fn parse_url_of_postgres(text: &str) -> Result<String, String> {
    let known = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    let readable = known && sqlx::postgres::PgConnectOptions::from_str(text).is_ok();
    if readable {
        Ok(text.to_owned())
    } else {
        Err("should be an address such as postgres://user:password@host:5432/owlpost".into())
    }
}

/// Reads the path below which everything is; `/` is none.
pub(crate) fn parse_path_of_base(text: &str) -> Result<String, String> {
    let path = text.trim().trim_end_matches('/');
    let is_segment = |segment: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        !segment.is_empty() && segment.chars().all(fits) && segment != "." && segment != ".."
    };
    match path.strip_prefix('/') {
        None if path.is_empty() => Ok(String::new()),
        Some(rest) if rest.split('/').all(is_segment) => Ok(path.to_owned()),
        _ => Err("should be a path such as /owl".into()),
    }
}

/// Reads a name that an authority can certify.
pub(crate) fn parse_name_of_domain(text: &str) -> Result<String, String> {
    let text = text.trim().to_ascii_lowercase();
    let is_label = |label: &str| {
        let fits = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        fits && (1..=63).contains(&label.len())
    };
    if text.len() <= 253 && text.split('.').all(is_label) && text.parse::<IpAddr>().is_err() {
        Ok(text)
    } else {
        Err("should be names such as owl.example.org, separated by commas".into())
    }
}

/// Reads the address of an authority that speaks ACME.
pub(crate) fn parse_address_of_authority(text: &str) -> Result<String, String> {
    if text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("should be an https:// address".into())
    }
}

/// Reads the address of Redis.
pub(crate) fn parse_url_of_redis(text: &str) -> Result<String, String> {
    parse_address_of_redis(text).map(|_| text.to_owned())
}

/// Reads one proxy: an address, or a network such as `10.0.0.0/8`.
pub(crate) fn parse_network_of_addresses(text: &str) -> Result<String, String> {
    const EXPECTED: &str =
        "should be addresses or networks such as 10.0.0.0/8, separated by commas";
    let text = text.trim();
    let (addr, prefix) =
        text.split_once('/').map_or((text, None), |(addr, bits)| (addr, Some(bits)));
    let addr = IpAddr::from_str(addr).map_err(|_| EXPECTED.to_owned())?;
    let most = if addr.is_ipv4() { 32 } else { 128 };
    match prefix.map(str::parse::<u8>) {
        None => Ok(text.to_owned()),
        Some(Ok(bits)) if bits <= most => Ok(text.to_owned()),
        Some(_) => Err(EXPECTED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_read_bare_numbers_as_milliseconds() {
        assert_eq!(parse_duration_with_unit("30000"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration_with_unit("7d"), Ok(Duration::from_secs(7 * 24 * 3600)));
        assert_eq!(parse_duration_with_unit("90 s"), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn should_refuse_durations_without_meaning() {
        for text in ["", "-1", "1.5s", "ten", "5 weeks", "18446744073709551616", "99999999999d"] {
            assert!(parse_duration_with_unit(text).is_err(), "{text}");
        }
        assert!(parse_duration_within_bounds::<1, 1000>("0").is_err());
    }

    #[test]
    fn should_read_timeouts_of_the_watchdog_between_their_bounds() {
        for (text, ms) in [("0", 0), ("1000", 1000), ("10s", 10_000), ("1h", 3_600_000)] {
            assert_eq!(parse_timeout_of_watchdog(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["1", "999ms", "3600001", "1d", "-1", ""] {
            assert!(parse_timeout_of_watchdog(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_read_sizes_between_their_bounds() {
        assert_eq!(parse_size_in_bytes("64kB"), Ok(65_536));
        assert_eq!(parse_size_in_bytes("1024"), Ok(1024));
        for text in ["1023", "65MB", "1GB", "x", ""] {
            assert!(parse_size_in_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_accept_only_origins_of_pages() {
        assert_eq!(
            parse_origin_of_page("http://Localhost:3001/"),
            Ok("http://localhost:3001".into())
        );
        for text in
            ["*", "null", "capacitor://localhost", "tauri://localhost", "chrome-extension://abcdef"]
        {
            assert_eq!(parse_origin_of_page(text), Ok(text.into()));
        }
        for text in ["localhost:3001", "http://", "ftp://x", "http://a/b", "https://*.example.com"]
        {
            assert!(parse_origin_of_page(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_accept_proxies_as_addresses_and_networks() {
        for text in ["10.0.0.0/8", "192.168.1.4", "::1", "fd00::/8"] {
            assert!(parse_network_of_addresses(text).is_ok(), "{text}");
        }
        for text in ["10.0.0.0/33", "fd00::/129", "proxy", "10.0.0.0/x"] {
            assert!(parse_network_of_addresses(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_read_keys_over_tls_or_from_this_machine_only() {
        for text in [
            "https://id.example/jwks",
            "http://127.0.0.1:9/jwks",
            "http://localhost/",
            "./keys.json",
        ] {
            assert!(parse_place_of_keys(text).is_ok(), "{text}");
        }
        for text in ["", "http://id.example/jwks", "http://127.evil.example", "ftp://x", "https://"]
        {
            assert!(parse_place_of_keys(text).is_err(), "{text}");
        }
    }

    #[test]
    fn should_read_who_may_register() {
        let domains = ["hogwarts.edu".to_owned(), "ministry.example".to_owned()];
        for (text, policy) in [
            ("open", RegistrationPolicy::Open),
            (" CLOSED ", RegistrationPolicy::Closed),
            ("hogwarts.edu, @Ministry.example", RegistrationPolicy::Domains(domains.to_vec())),
        ] {
            assert_eq!(parse_policy_of_registration(text), Ok(policy), "{text}");
        }
        for text in ["", "yes", "hogwarts", "a..b", "a.b,", "*.edu"] {
            assert!(parse_policy_of_registration(text).is_err(), "{text}");
        }
        let policy = RegistrationPolicy::Domains(domains.to_vec());
        assert!(policy.admits_person_with_email("harry@hogwarts.edu"));
        for email in ["harry@evil.hogwarts.edu", "harry@hogwarts.edu.evil", "hogwarts.edu"] {
            assert!(!policy.admits_person_with_email(email), "{email}");
        }
    }

    #[test]
    fn should_refuse_secrets_one_byte_short() {
        assert!(parse_secret_of_tokens(&"x".repeat(31)).is_err());
        assert!(parse_secret_of_tokens(&"x".repeat(32)).is_ok());
    }
}
