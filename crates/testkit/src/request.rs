//! HTTP/1.1 requests as the bytes that are sent.

/// Where Engine.IO is in every server that is tested.
pub const ENGINE_PATH: &str = "/socket.io/";

/// A request with a body, which may be empty. `target` is its path and query, `headers` are further lines with their
/// ends.
pub fn write_request_with_body(
    method: &str,
    target: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The request that begins an Engine.IO 4 session by websocket. `headers` are further lines with their ends.
pub fn write_websocket_upgrade_request(headers: &str) -> Vec<u8> {
    let target = format!("{ENGINE_PATH}?EIO=4&transport=websocket");
    let upgrade = "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    format!("GET {target} HTTP/1.1\r\nhost: test\r\n{upgrade}{headers}\r\n").into_bytes()
}
