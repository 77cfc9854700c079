use std::future::poll_fn;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tungstenite::protocol::frame::Frame as OracleFrame;

use super::*;

const BOUNDS: Bounds = Bounds { frame_bytes: 16 << 20, message_bytes: 64 << 20 };

fn open_stream_with_peer(bytes: usize) -> (WebSocketStream<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(bytes);
    (WebSocketStream::new(near), far)
}

fn write_frame_as_client(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut frame = OracleFrame::message(payload.to_vec(), opcode, true);
    frame.header_mut().mask = Some([9, 8, 7, 6]);
    let mut bytes = Vec::new();
    frame.format(&mut bytes).unwrap();
    bytes
}

async fn receive_text_of_peer(stream: &mut WebSocketStream<DuplexStream>) -> String {
    match poll_fn(|cx| stream.poll_next_message_of_client(cx, BOUNDS)).await {
        Ok(Message::Text(text)) => text,
        other => panic!("no text, but {other:?}"),
    }
}

#[tokio::test]
async fn should_hold_no_memory_when_nothing_is_on_its_way() {
    let (mut stream, mut peer) = open_stream_with_peer(1 << 20);
    let frame = write_frame_as_client(OpCode::Data(Data::Text), &[b'x'; 100_000]);
    peer.write_all(&frame).await.unwrap();
    peer.write_all(&write_frame_as_client(OpCode::Data(Data::Text), b"y")).await.unwrap();
    assert_eq!(receive_text_of_peer(&mut stream).await.len(), 100_000);
    assert_eq!(receive_text_of_peer(&mut stream).await, "y");
    stream.put_text_before_queue(&"z".repeat(100_000));
    poll_fn(|cx| stream.poll_write_unwritten_frames(cx)).await.unwrap();
    assert_eq!((stream.received.capacity(), stream.unwritten.capacity()), (0, 0));
}

#[tokio::test]
async fn should_bound_the_answers_to_pings_that_nobody_reads() {
    let (mut stream, mut peer) = open_stream_with_peer(1 << 20);
    let ping = write_frame_as_client(OpCode::Control(Control::Ping), &[7; 125]);
    peer.write_all(&ping.repeat(1000)).await.unwrap();
    peer.write_all(&write_frame_as_client(OpCode::Data(Data::Text), b"end")).await.unwrap();
    assert_eq!(receive_text_of_peer(&mut stream).await, "end");
    let one_pong = 2 + 125;
    assert!(stream.unwritten.len() >= PONG_BYTES);
    assert!(stream.unwritten.len() < PONG_BYTES + one_pong, "{}", stream.unwritten.len());
}

#[tokio::test]
async fn should_write_what_there_was_no_room_for_before_anything_else() {
    let (mut stream, mut peer) = open_stream_with_peer(10);
    let (appended, polled) = poll_fn(|cx| {
        Poll::Ready(stream.poll_write_appended_frames(cx, |_, frames| {
            frames.extend_from_slice(b"0123456789abcdef");
            "appended"
        }))
    })
    .await;
    assert_eq!(appended, "appended");
    assert!(polled.is_pending());
    assert_eq!(stream.unwritten, "abcdef");
    let mut read = [0; 16];
    let writing = async {
        poll_fn(|cx| stream.poll_write_unwritten_frames(cx)).await.unwrap();
        assert_eq!(stream.unwritten.capacity(), 0);
    };
    tokio::join!(writing, async { peer.read_exact(&mut read).await.unwrap() });
    assert_eq!(&read, b"0123456789abcdef");
}

fn write_close_as_client(payload: &[u8]) -> Vec<u8> {
    write_frame_as_client(OpCode::Control(Control::Close), payload)
}

#[tokio::test]
async fn should_say_why_no_further_message_comes() {
    for (bytes, expected) in [
        (write_frame_as_client(OpCode::Control(Control::Close), b""), "Closed(None)"),
        (write_frame_as_client(OpCode::Data(Data::Text), b"cut")[..5].to_vec(), "Lost"),
        (vec![0x81, 0x00], "Violation(Protocol)"),
        (write_close_as_client(b"\x03"), "Violation(Protocol)"),
        (write_close_as_client(&1000_u16.to_be_bytes()), "Closed(Some(Normal))"),
        (write_close_as_client(b"\x0b\xb8four"), "Closed(Some(Iana(3000)))"),
        (write_close_as_client(&999_u16.to_be_bytes()), "Violation(Protocol)"),
        (write_close_as_client(&1004_u16.to_be_bytes()), "Violation(Protocol)"),
        (write_close_as_client(&1005_u16.to_be_bytes()), "Violation(Protocol)"),
        (write_close_as_client(&1006_u16.to_be_bytes()), "Violation(Protocol)"),
        (write_close_as_client(&4999_u16.to_be_bytes()), "Closed(Some(Library(4999)))"),
        (write_close_as_client(&5000_u16.to_be_bytes()), "Violation(Protocol)"),
        (write_close_as_client(b"\x03\xe8\xff"), "Violation(Invalid)"),
    ] {
        let (mut stream, mut peer) = open_stream_with_peer(1000);
        peer.write_all(&bytes).await.unwrap();
        drop(peer);
        let ended = poll_fn(|cx| stream.poll_next_message_of_client(cx, BOUNDS)).await.unwrap_err();
        assert_eq!(format!("{ended:?}"), expected);
    }
}
