//! Websocket frames as a client writes them.

use tungstenite::protocol::frame::{
    Frame,
    coding::{Data, OpCode},
};

/// Begins a text message.
pub const TEXT: OpCode = OpCode::Data(Data::Text);
/// Begins a binary message.
pub const BINARY: OpCode = OpCode::Data(Data::Binary);
/// Goes on with the message of the frame before.
pub const MORE: OpCode = OpCode::Data(Data::Continue);

/// One frame of a client, masked; `is_final` is false for a message that goes on in the next one.
pub fn encode_masked_client_frame(opcode: OpCode, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = Frame::message(payload.to_vec(), opcode, is_final);
    frame.header_mut().mask = Some([7, 11, 13, 17]);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).expect("a frame in memory");
    bytes
}
