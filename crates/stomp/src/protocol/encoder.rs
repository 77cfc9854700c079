//! What a server sends, as bytes.

use bytes::Bytes;

use super::version::Version;

/// A frame that is being written.
#[derive(Debug)]
pub struct FrameWriter {
    version: Version,
    bytes: Vec<u8>,
}

impl FrameWriter {
    /// A frame of this command.
    pub fn new(version: Version, command: &str) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(command.as_bytes());
        bytes.push(b'\n');
        Self { version, bytes }
    }

    /// Appends a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        append_header_in_version(self.version, name, value, &mut self.bytes);
        self
    }

    /// Appends a header if it is there.
    pub fn optional_header(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Ends the frame.
    pub fn end_frame_without_body(mut self) -> Bytes {
        self.bytes.extend_from_slice(b"\n\0");
        self.bytes.into()
    }

    /// Ends the frame with a body in JSON, and says how long it is.
    pub fn end_frame_with_json(mut self, body: &str) -> Bytes {
        append_json_body_with_end(body, &mut self.bytes);
        self.bytes.into()
    }

    /// What is written so far, for a frame that others end.
    pub fn into_open_head(self) -> Bytes {
        self.bytes.into()
    }
}

/// Appends a header as its receiver reads it.
pub fn append_header_in_version(version: Version, name: &str, value: &str, to: &mut Vec<u8>) {
    version.append_text_of_header(name, to);
    to.push(b':');
    version.append_text_of_header(value, to);
    to.push(b'\n');
}

/// Appends those headers that have a value.
pub fn append_present_headers_in_version(
    version: Version,
    headers: &[(&str, Option<&str>)],
    to: &mut Vec<u8>,
) {
    for (name, value) in headers.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
        append_header_in_version(version, name, value, to);
    }
}

/// Appends the headers of a body in JSON, the body, and the end of the frame.
pub fn append_json_body_with_end(body: &str, to: &mut Vec<u8>) {
    to.reserve(body.len() + 64);
    to.extend_from_slice(b"content-type:application/json\ncontent-length:");
    to.extend_from_slice(body.len().to_string().as_bytes());
    to.extend_from_slice(b"\n\n");
    to.extend_from_slice(body.as_bytes());
    to.push(0);
}

/// The answer to a frame that was done.
pub fn encode_receipt_of_frame(version: Version, receipt: &str) -> Bytes {
    FrameWriter::new(version, "RECEIPT").header("receipt-id", receipt).end_frame_without_body()
}

/// The last frame of a connection. `message` is for people, and kept to what every version can say.
pub fn encode_error_of_connection(
    version: Version,
    message: &str,
    receipt: Option<&str>,
    body: &str,
) -> Bytes {
    FrameWriter::new(version, "ERROR")
        .header("message", &reduce_text_to_plain(message))
        .optional_header("receipt-id", receipt)
        .end_frame_with_json(body)
}

/// As ASCII without anything that some version escapes.
fn reduce_text_to_plain(text: &str) -> String {
    let reduce = |character: char| match character {
        ':' | '\\' => ' ',
        plain @ ' '..='~' => plain,
        _ => '?',
    };
    text.chars().map(reduce).collect()
}

/// A sign of life.
pub const HEART_BEAT: &[u8] = b"\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_write_frames_that_every_version_reads() {
        let receipt = encode_receipt_of_frame(Version::V12, "a:b");
        assert_eq!(receipt, "RECEIPT\nreceipt-id:a\\cb\n\n\0");
        assert_eq!(encode_receipt_of_frame(Version::V10, "a:b"), "RECEIPT\nreceipt-id:a:b\n\n\0");
        let error = encode_error_of_connection(Version::V12, "no: \"ä\"\n", Some("7"), "{}");
        assert_eq!(
            error,
            "ERROR\nmessage:no  \"?\"?\nreceipt-id:7\ncontent-type:application/json\ncontent-length:2\n\n{}\0"
        );
    }
}
