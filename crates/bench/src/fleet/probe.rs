//! One blocking client, for a question to a server between two measurements.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, bail};

use super::{
    ClientPlan,
    frames::{encode_text_of_client, encode_upgrade_request_of_client, split_first_whole_frame},
};

const LIMIT: Duration = Duration::from_secs(10);

/// The `lastEventId` a new client is told in `connection:acknowledged`.
pub fn read_last_event_id(plan: &ClientPlan, server: SocketAddr) -> anyhow::Result<i64> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(&encode_upgrade_request_of_client(&plan.path, server))?;
    let packet = plan.connect_packet.clone().context("a plan with a CONNECT packet")?;
    stream.write_all(&encode_text_of_client(&packet))?;
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(id) = find_last_event_id(&received) {
            return Ok(id);
        }
        match stream.read(&mut chunk)? {
            0 => bail!("the server closed the connection"),
            read => received.extend(&chunk[..read]),
        }
    }
}

fn find_last_event_id(received: &[u8]) -> Option<i64> {
    let mut rest = &received[memchr::memmem::find(received, b"\r\n\r\n")? + 4..];
    while let Some(frame) = split_first_whole_frame(rest) {
        let text = std::str::from_utf8(frame.payload).ok()?;
        if let Some((_, after)) = text.split_once("\"lastEventId\":\"") {
            return after.split('"').next()?.parse().ok();
        }
        rest = &rest[frame.length..];
    }
    None
}
