//! HTTP/1.1 answers, read whole.

/// An answer, all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The bytes behind the head.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer whose connection was closed behind it: its body is all that follows the head.
    pub(crate) fn from_closed_connection(bytes: &[u8]) -> Self {
        let end = find_end_of_head(bytes).expect("a whole head");
        Self::from_head_and_body(&bytes[..end], &bytes[end..])
    }

    /// Takes the first answer off what was received; `None` while it is incomplete. Its body is as long as
    /// `content-length` says, and empty without that header.
    pub(crate) fn split_first_whole_answer(received: &mut Vec<u8>) -> Option<Self> {
        let end = find_end_of_head(received)?;
        let head = String::from_utf8_lossy(&received[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse::<usize>().expect("a length"));
        if received.len() < end + length {
            return None;
        }
        let rest = received.split_off(end + length);
        let answer = std::mem::replace(received, rest);
        Some(Self::from_head_and_body(&answer[..end], &answer[end..]))
    }

    fn from_head_and_body(head: &[u8], body: &[u8]) -> Self {
        let head = std::str::from_utf8(head).expect("a head of text").trim_end().to_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Self { status, head, body: body.to_vec() }
    }

    /// The body, which must be text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// Whether the head has this line, in whatever case.
    pub fn has_header_with_line(&self, line: &str) -> bool {
        self.head.lines().any(|known| known.eq_ignore_ascii_case(line))
    }
}

/// Where the body begins; `None` while the head is incomplete.
fn find_end_of_head(bytes: &[u8]) -> Option<usize> {
    Some(bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_take_answers_off_one_by_one_when_they_are_whole() {
        let first = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        let second = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let mut received = first.as_bytes()[..first.len() - 1].to_vec();
        assert_eq!(Answer::split_first_whole_answer(&mut received), None);
        received.extend_from_slice(b"o");
        received.extend_from_slice(second.as_bytes());
        let answer = Answer::split_first_whole_answer(&mut received).expect("the first");
        assert_eq!((answer.status, answer.text()), (200, "hello"));
        assert!(answer.has_header_with_line("content-length: 5"), "{}", answer.head);
        let answer = Answer::split_first_whole_answer(&mut received).expect("the second");
        assert_eq!((answer.status, answer.text()), (101, ""));
        assert!(received.is_empty());
    }
}
