//! A token in the body, where PagerDuty's API has it. It is looked for in what a stranger may send; only for whoever has a
//! good one is the rest of the body read.

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;

use crate::{error::HttpError, extract::STRANGER_BODY_BYTES};

const NAME: &[u8] = b"\"routing_key\"";

/// The routing key, and the body as if nobody had read of it.
pub(crate) async fn find_routing_key_in_body(mut body: Body) -> Result<(String, Body), HttpError> {
    let mut read = BytesMut::new();
    loop {
        let begun = &read[..read.len().min(STRANGER_BODY_BYTES)];
        if let Some(key) = find_routing_key_in_bytes(begun) {
            let begun = stream::iter([Ok::<_, axum::Error>(read.freeze())]);
            return Ok((key, Body::from_stream(begun.chain(body.into_data_stream()))));
        }
        if read.len() >= STRANGER_BODY_BYTES {
            return Err(HttpError::TokenMissing);
        }
        let Some(Ok(frame)) = body.frame().await else { return Err(HttpError::TokenMissing) };
        read.extend_from_slice(&frame.into_data().unwrap_or_else(|_| Bytes::new()));
    }
}

/// The text that follows the name, once the whole of it is there. Tokens have no letters that JSON escapes.
fn find_routing_key_in_bytes(read: &[u8]) -> Option<String> {
    let at = read.windows(NAME.len()).position(|window| window == NAME)?;
    let rest = read[at + NAME.len()..].trim_ascii_start().strip_prefix(b":")?;
    let text = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let end = text.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(&text[..end]).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of_chunks(chunks: Vec<Vec<u8>>) -> Body {
        Body::from_stream(stream::iter(chunks.into_iter().map(Ok::<_, axum::Error>)))
    }

    #[tokio::test]
    async fn should_find_the_key_however_the_body_is_cut_and_leave_the_body_whole() {
        let text = br#"{"a":1, "routing_key" : "owl_x", "b":2}"#;
        for cut in 0..text.len() {
            let body = body_of_chunks(vec![text[..cut].to_vec(), text[cut..].to_vec()]);
            let (key, body) = find_routing_key_in_body(body).await.expect("a key");
            assert_eq!(key, "owl_x", "{cut}");
            let whole = axum::body::to_bytes(body, 1_000).await.expect("a body");
            assert_eq!(&whole[..], text);
        }
    }

    #[tokio::test]
    async fn should_read_no_more_of_a_stranger_than_they_may_send() {
        let key = br#""routing_key":"owl_x""#;
        let before = |bytes: usize| body_of_chunks(vec![vec![b' '; bytes], key.to_vec()]);
        let most = STRANGER_BODY_BYTES - key.len();
        assert!(find_routing_key_in_body(before(most)).await.is_ok());
        let refused = find_routing_key_in_body(before(most + 1)).await;
        assert!(matches!(refused, Err(HttpError::TokenMissing)));
        for text in ["", "{}", r#"{"routing_key":5}"#, r#"{"routing_key":"owl"#] {
            let refused = find_routing_key_in_body(body_of_chunks(vec![text.into()])).await;
            assert!(matches!(refused, Err(HttpError::TokenMissing)), "{text}");
        }
    }
}
