//! Answers to polls in gzip, for clients that take it: what Node does with those of a kilobyte or more.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, header};

/// Bytes of a payload below which compressing saves nothing worth the work.
const LEAST_BYTES: usize = 1024;
/// Bytes of a payload above which it is sent as it is: the task that answers must not keep its thread from others for
/// long. A payload is within `max_payload`, unless a single packet is not.
const MOST_BYTES: usize = 256 * 1024;

/// Whether compressing is worth it.
pub(crate) fn is_payload_worth_compressing(payload: &[u8]) -> bool {
    (LEAST_BYTES..=MOST_BYTES).contains(&payload.len())
}

/// The payload in gzip; `None` when that is not shorter.
pub(crate) fn compress_payload_as_gzip(payload: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(payload).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < payload.len()).then(|| compressed.into())
}

/// Whether a client says that it takes gzip (RFC 9110, 12.5.3): by name, or by a star that no name comes before.
pub(crate) fn accepts_gzip_by_headers(headers: &HeaderMap) -> bool {
    let mut by_star = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for offer in value.to_str().unwrap_or_default().split(',') {
            let (coding, parameters) = offer.split_once(';').unwrap_or((offer, ""));
            let is_wanted = !is_weight_of_zero(parameters);
            match coding.trim() {
                name if name.eq_ignore_ascii_case("gzip") => return is_wanted,
                "*" => by_star = is_wanted,
                _ => {}
            }
        }
    }
    by_star
}

/// `q=0`, with up to three decimals, says that a coding is not wanted.
fn is_weight_of_zero(parameters: &str) -> bool {
    let weight = parameters.trim().trim_start_matches(['q', 'Q']).trim_start().strip_prefix('=');
    weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn should_know_who_takes_gzip() {
        for (value, expected) in [
            ("gzip", true),
            ("GZIP", true),
            ("deflate, gzip;q=1.0, *;q=0.5", true),
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, gzip;q=0.001", true),
            ("*", true),
            ("br, *;q=0.1", true),
            ("", false),
            ("identity", false),
            ("deflate, br", false),
            ("gzip;q=0", false),
            ("gzip; q=0.000, *", false),
            ("*, gzip;q=0", false),
            ("*;q=0", false),
            ("gzipped", false),
        ] {
            let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static(value))];
            let headers = HeaderMap::from_iter(headers);
            assert_eq!(accepts_gzip_by_headers(&headers), expected, "{value:?}");
        }
        assert!(!accepts_gzip_by_headers(&HeaderMap::new()));
    }

    #[test]
    fn should_compress_what_becomes_shorter_within_its_bounds() {
        let payload = "4[\"event\",{\"field\":\"value\"}]\x1e".repeat(100);
        let compressed = compress_payload_as_gzip(payload.as_bytes()).unwrap();
        assert!(compressed.len() < payload.len() / 10);
        let mut read = String::new();
        GzDecoder::new(&compressed[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, payload);
        assert_eq!(compress_payload_as_gzip(b"x"), None);
        for (length, expected) in [
            (0, false),
            (LEAST_BYTES - 1, false),
            (LEAST_BYTES, true),
            (MOST_BYTES, true),
            (MOST_BYTES + 1, false),
        ] {
            assert_eq!(is_payload_worth_compressing(&vec![0; length]), expected, "{length}");
        }
    }
}
