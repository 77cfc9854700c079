//! What a case is, and the bytes that cases are made of.

/// Bytes of one frame that the server under test takes.
pub(crate) const MOST_FRAME_BYTES: usize = 200_000;
/// Bytes of one message that the server under test takes.
pub(crate) const MOST_MESSAGE_BYTES: usize = 300_000;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Codes of RFC 6455, 7.4.1, that the server closes with.
pub(crate) const PROTOCOL_ERROR: u16 = 1002;
pub(crate) const INVALID_DATA: u16 = 1007;
pub(crate) const TOO_BIG: u16 = 1009;

/// A frame as the RFC draws it: everything can be set, also what must not be.
#[derive(Clone)]
pub(crate) struct Frame {
    is_final: bool,
    reserved: u8,
    opcode: u8,
    mask: Option<[u8; 4]>,
    length: Length,
    payload: Vec<u8>,
}

/// How the length of a payload is written.
#[derive(Clone, Copy)]
pub(crate) enum Length {
    /// In as few bytes as it fits in.
    Shortest,
    /// In two bytes, even if one would do.
    InTwoBytes,
    /// In eight bytes, even if fewer would do.
    InEightBytes,
    /// In eight bytes, and not that of the payload.
    Claimed(u64),
}

impl Frame {
    pub(crate) fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            is_final: true,
            reserved: 0,
            opcode,
            mask: Some([0xa1, 0x07, 0x5c, 0xe3]),
            length: Length::Shortest,
            payload: payload.into(),
        }
    }

    pub(crate) fn without_fin(mut self) -> Self {
        self.is_final = false;
        self
    }

    /// The three bits behind FIN, RSV1 the highest.
    pub(crate) fn with_reserved_bits(mut self, bits: u8) -> Self {
        self.reserved = bits;
        self
    }

    pub(crate) fn with_mask(mut self, mask: Option<[u8; 4]>) -> Self {
        self.mask = mask;
        self
    }

    pub(crate) fn with_length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mask_bit = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![u8::from(self.is_final) << 7 | self.reserved << 4 | self.opcode];
        let own = self.payload.len() as u64;
        match (self.length, own) {
            (Length::Shortest, 0..126) => bytes.push(mask_bit | own as u8),
            (Length::Shortest, 126..0x1_0000) | (Length::InTwoBytes, _) => {
                bytes.push(mask_bit | 126);
                bytes.extend((own as u16).to_be_bytes());
            }
            (Length::Shortest | Length::InEightBytes, _) => {
                bytes.push(mask_bit | 127);
                bytes.extend(own.to_be_bytes());
            }
            (Length::Claimed(length), _) => {
                bytes.push(mask_bit | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.mask.into_iter().flatten());
        bytes.extend(
            self.payload.iter().zip(mask.into_iter().cycle()).map(|(byte, key)| byte ^ key),
        );
        bytes
    }
}

/// What the client gets besides the open packet.
#[derive(Clone, Default)]
pub(crate) struct Expected {
    /// Echoes and pongs, in order within their kind.
    pub(crate) texts: Vec<Vec<u8>>,
    pub(crate) binaries: Vec<Vec<u8>>,
    pub(crate) pongs: Vec<Vec<u8>>,
    pub(crate) end: End,
}

/// What became of the connection.
#[derive(Clone, Default)]
pub(crate) enum End {
    /// It is as good as before: one more message is echoed.
    #[default]
    StillOpen,
    /// The server closed it with this payload of its close frame.
    Closed(Vec<u8>),
}

pub(crate) struct Case {
    pub(crate) name: String,
    /// What the client writes, each of them in a packet of its own.
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) expected: Expected,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, frames: &[Frame]) -> Self {
        let sent = frames.iter().flat_map(Frame::to_bytes).collect();
        Self { name: name.into(), pieces: vec![sent], expected: Expected::default() }
    }

    pub(crate) fn in_pieces(mut self, bytes: usize) -> Self {
        self.pieces = self.pieces.concat().chunks(bytes).map(<[u8]>::to_vec).collect();
        self
    }

    pub(crate) fn cut_at(mut self, byte: usize) -> Self {
        let sent = self.pieces.concat();
        let (before, behind) = sent.split_at(byte);
        self.pieces = vec![before.to_vec(), behind.to_vec()];
        self
    }

    pub(crate) fn echoes_text(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.expected.texts.push(text.into());
        self
    }

    pub(crate) fn echoes_binary(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.expected.binaries.push(bytes.into());
        self
    }

    pub(crate) fn answers_pong(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.expected.pongs.push(payload.into());
        self
    }

    pub(crate) fn fails_with(mut self, code: u16) -> Self {
        self.expected.end = End::Closed(code.to_be_bytes().to_vec());
        self
    }

    pub(crate) fn closes_with_payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.expected.end = End::Closed(payload.into());
        self
    }
}

/// A message of one frame, as the engine wants its text: with the packet type in front.
pub(crate) fn text_frame(text: impl AsRef<[u8]>) -> Frame {
    Frame::new(TEXT, [b"4", text.as_ref()].concat())
}
