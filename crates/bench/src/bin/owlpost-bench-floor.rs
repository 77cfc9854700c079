//! The floor of the side-by-side runs: a raw tokio server that writes one pre-encoded frame to every socket, and all
//! frames that have gathered for a socket in one system call.

use std::{
    collections::VecDeque,
    io::IoSlice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use owlpost_bench::{console::print_line_on_stdout, fleet::frames::encode_text_of_server};
use parking_lot::RwLock;
use sha1::{Digest, Sha1};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Frames kept for sockets that are behind.
const KEPT_FRAMES: usize = 4_096;
/// Frames of one system call.
const FRAMES_AT_ONCE: usize = 64;
const HANDSHAKE_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// All frames of late, and how many there ever were.
struct Frames {
    kept: RwLock<VecDeque<Bytes>>,
    total: watch::Sender<u64>,
    skipped: AtomicU64,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    // A peer without the rights for it serves fewer clients.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener = socket.listen(4_096)?;
    print_line_on_stdout(format_args!("listening on http://{}", listener.local_addr()?));
    let frames = Arc::new(Frames {
        kept: RwLock::default(),
        total: watch::Sender::new(0),
        skipped: AtomicU64::new(0),
    });
    accept_connections_until_end(listener, frames).await
}

async fn accept_connections_until_end(
    listener: TcpListener,
    frames: Arc<Frames>,
) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let frames = frames.clone();
        tokio::spawn(async move {
            // A client that hangs up is no fault.
            let _ = serve_one_connection_fully(stream, &frames).await;
        });
    }
}

async fn serve_one_connection_fully(mut stream: TcpStream, frames: &Frames) -> std::io::Result<()> {
    let mut received = Vec::new();
    loop {
        let Some(head) = read_request_head_into(&mut stream, &mut received).await? else {
            return Ok(());
        };
        if head.starts_with("POST ") {
            let length = value_of_header_line(&head, "content-length").and_then(|n| n.parse().ok());
            let length: usize = length.unwrap_or(0);
            while received.len() < length {
                if stream.read_buf(&mut received).await? == 0 {
                    return Ok(());
                }
            }
            let body: Vec<u8> = received.drain(..length).collect();
            publish_frame_to_sockets(frames, &body);
            stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await?;
        } else {
            let key = value_of_header_line(&head, "sec-websocket-key").unwrap_or_default();
            let accept = STANDARD.encode(Sha1::digest(format!("{key}{HANDSHAKE_SUFFIX}")));
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                 sec-websocket-accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await?;
            drop((received, head, answer, accept, key));
            return write_frames_until_closed(stream, frames).await;
        }
    }
}

fn publish_frame_to_sockets(frames: &Frames, body: &[u8]) {
    let mut text = b"42[\"incident:created\",".to_vec();
    text.extend(body);
    text.push(b']');
    let mut kept = frames.kept.write();
    kept.push_back(encode_text_of_server(&text).into());
    if kept.len() > KEPT_FRAMES {
        kept.pop_front();
    }
    frames.total.send_modify(|total| *total += 1);
}

async fn write_frames_until_closed(mut stream: TcpStream, frames: &Frames) -> std::io::Result<()> {
    let mut total = frames.total.subscribe();
    let mut written = *total.borrow_and_update();
    loop {
        tokio::select! {
            changed = total.changed() => if changed.is_err() { return Ok(()) },
            readable = stream.readable() => {
                readable?;
                // Whatever a client says is thrown away.
                match stream.try_read(&mut [0; 64]) {
                    Ok(0) => return Ok(()),
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
        }
        loop {
            let pending = collect_frames_after_position(frames, &mut written);
            if pending.is_empty() {
                break;
            }
            write_all_frames_vectored(&mut stream, &pending).await?;
        }
    }
}

fn collect_frames_after_position(frames: &Frames, written: &mut u64) -> Vec<Bytes> {
    let kept = frames.kept.read();
    let total = *frames.total.borrow();
    let oldest = total - kept.len() as u64;
    if *written < oldest {
        frames.skipped.fetch_add(oldest - *written, Ordering::Relaxed);
        *written = oldest;
    }
    let from = (*written - oldest) as usize;
    let pending: Vec<Bytes> = kept.range(from..).take(FRAMES_AT_ONCE).cloned().collect();
    *written += pending.len() as u64;
    pending
}

async fn write_all_frames_vectored(
    writer: &mut (impl AsyncWriteExt + Unpin),
    frames: &[Bytes],
) -> std::io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        let written = writer.write_vectored(left).await?;
        IoSlice::advance_slices(&mut left, written);
    }
    Ok(())
}

async fn read_request_head_into(
    stream: &mut TcpStream,
    received: &mut Vec<u8>,
) -> std::io::Result<Option<String>> {
    loop {
        if let Some(end) = memchr::memmem::find(received, b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
        if stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    }
}

fn value_of_header_line(head: &str, name: &str) -> Option<String> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().to_owned())
}
