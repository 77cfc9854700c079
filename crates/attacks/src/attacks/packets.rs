//! Packets: names, placeholders, attachments and texts that no client sends.

use std::time::Instant;

use anyhow::{Result, bail, ensure};
use owlpost_testkit::{BINARY, MORE, TEXT, encode_masked_client_frame};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    field::{Field, STUDENT},
    intruder::Received,
};

/// What a packet came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    HungUp,
}

/// Sends one text as an entered client; whether it is still being answered.
async fn send_text_as_student(field: &Field, text: &str) -> Result<Fate> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student.send_text_to_server(text).await?;
    Ok(if student.is_still_being_answered().await? { Fate::Answered } else { Fate::HungUp })
}

/// 18: names of prototypes.
pub(super) async fn send_names_of_prototypes(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let names =
        ["__proto__", "constructor", "hasOwnProperty", "toString", "prototype", "__defineGetter__"];
    for name in names {
        student.expect_event_is_refused("room:join", &json!({ "room": name })).await?;
        student
            .expect_event_is_refused("room:join", &json!({ "room": format!("incident:{name}") }))
            .await?;
        let answer = student.emit_event_for_ack(name, &json!({})).await?;
        ensure!(answer["ok"] == false, "{name}: {answer}");
        let polluted: Value = serde_json::from_str(&format!(
            r#"{{"{name}":{{"role":"AUROR"}},"room":"role:AUROR"}}"#
        ))?;
        student.expect_event_is_refused("room:join", &polluted).await?;
    }
    Ok(format!("{} names as events, rooms and members: refused, the socket goes on", names.len()))
}

/// 19: reserved events.
pub(super) async fn send_events_with_reserved_names(field: &Field) -> Result<String> {
    let names = [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
        "error",
    ];
    let (mut answered, mut hung_up) = (0, 0);
    for name in names {
        match send_text_as_student(field, &format!(r#"42["{name}",{{"message":"x"}}]"#)).await? {
            Fate::Answered => answered += 1,
            Fate::HungUp => hung_up += 1,
        }
    }
    Ok(format!(
        "{answered} refused and the socket goes on, {hung_up} hung up; nothing was triggered"
    ))
}

/// 20: events without a name.
pub(super) async fn send_events_without_name(field: &Field) -> Result<String> {
    let texts = [
        r#"42[{"a":1}]"#,
        "42[]",
        "42[null]",
        "42{}",
        "42",
        "42[1",
        r#"42"x""#,
        "42[[]]",
        "49",
        "4",
        "42/",
        "4abc",
        r#"43["x"]"#,
        "431{}",
        r#"42["#,
        "x",
        "9",
        "5x",
    ];
    let mut hung_up = 0;
    for text in texts {
        hung_up += usize::from(send_text_as_student(field, text).await? == Fate::HungUp);
    }
    ensure!(hung_up + 3 >= texts.len(), "{hung_up} of {} were reasons to hang up", texts.len());
    Ok(format!(
        "{hung_up} of {} ended their own connection, the others were passed over",
        texts.len()
    ))
}

/// 21: placeholders.
pub(super) async fn place_holders_in_text(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    for number in [json!(-1), json!(0), json!(1e9), json!("x"), json!(null), json!(u64::MAX)] {
        let holder = json!({ "_placeholder": true, "num": number });
        student.expect_event_is_refused("room:join", &json!({ "room": holder })).await?;
        student.expect_event_is_refused("room:join", &holder).await?;
    }
    for text in [r#"450-["room:join"]"#, r#"451-["room:join",{"_placeholder":true,"num":7}]"#] {
        let mut student = field.enter_socket_as_person(STUDENT).await?;
        student.send_text_to_server(text).await?;
        // Nobody sends what it may be waiting for.
        let _ = student.send_bytes_to_server(b"bytes").await;
        student.is_still_being_answered().await?;
    }
    Ok("14 placeholders for what is not there: refused, no index of anything".to_owned())
}

/// 22: announced attachments.
pub(super) async fn announce_attachments_without_end(field: &Field) -> Result<String> {
    for text in [
        r#"45599999999999-["x"]"#,
        r#"4510001-["x"]"#,
        r#"45-["x"]"#,
        r#"4599999999999999999999999-["x"]"#,
        r#"4511-["x"]"#,
    ] {
        let begun = Instant::now();
        let fate = send_text_as_student(field, text).await?;
        ensure!(fate == Fate::HungUp, "{text} was taken");
        ensure!(begun.elapsed().as_secs() < 15, "{text} was waited for");
    }
    // Announced and never sent: it is waited for a while, and no longer.
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student.send_text_to_server(r#"451-["room:join",{"_placeholder":true,"num":0}]"#).await?;
    let begun = Instant::now();
    student.receive_texts_until_end().await?;
    Ok(format!(
        "5 announcements refused at once; one attachment that never came was waited for {} s",
        begun.elapsed().as_secs()
    ))
}

/// 23: unannounced bytes.
pub(super) async fn send_bytes_nobody_announced(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student.send_bytes_to_server(&field.pick_random_byte_string(64)).await?;
    ensure!(!student.is_still_being_answered().await?, "bytes without a packet were taken");
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student.send_text_to_server(r#"451-["room:join",{"_placeholder":true,"num":0}]"#).await?;
    student.send_text_to_server(r#"421["room:join",{"room":"incidents"}]"#).await?;
    ensure!(
        !student.is_still_being_answered().await?,
        "a text inside of a binary packet was taken"
    );
    Ok("both ended their own connection".to_owned())
}

/// 24: broken texts.
pub(super) async fn send_texts_with_broken_letters(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student
        .write_raw_bytes_to_server(&encode_masked_client_frame(TEXT, true, &[b'4', 0xf0, 0x9f]))
        .await?;
    ensure!(!student.is_still_being_answered().await?, "text that is no UTF-8 was taken");
    for text in ["4\u{1f989}", "\u{1f989}\u{1f989}", "42\u{e9}", "40\u{1f989},", "b\u{1f989}"] {
        send_text_as_student(field, text).await?;
    }
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    student.send_text_to_server(r#"421["room:join",{"room":"\ud800"}]"#).await?;
    ensure!(
        !matches!(student.receive_next_from_server().await?, Received::Text(text) if text.contains("\"ok\":true"))
    );
    for text in ["nul \u{0}", "\u{0}"] {
        let body = json!({ "title": text });
        field
            .expect_status_for_person(STUDENT, Method::POST, "/api/incidents", Some(&body), &[400])
            .await?;
        let path = format!("/api/incidents?q={}", text.replace('\u{0}', "%00").replace(' ', "%20"));
        field.expect_status_for_person(STUDENT, Method::GET, &path, None, &[400, 200]).await?;
    }
    Ok("9 broken texts: no panic, NUL refused before the database".to_owned())
}

/// 25: megabytes.
pub(super) async fn send_messages_of_megabytes(field: &Field) -> Result<String> {
    // One frame that says it is 16 MiB, one message of many, and a million fragments of a byte.
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let huge = vec![b'x'; 16 << 20];
    // The server may hang up while it is sent.
    let _ = student.write_raw_bytes_to_server(&encode_masked_client_frame(TEXT, true, &huge)).await;
    ensure!(!student.is_still_being_answered().await?, "16 MiB were taken");
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let begin = encode_masked_client_frame(BINARY, false, b"x");
    let more = encode_masked_client_frame(MORE, false, b"x").repeat(1_000);
    let mut sent = student.write_raw_bytes_to_server(&begin).await.is_ok();
    let mut fragments = 0;
    while sent && fragments < 1_000_000 {
        sent = student.write_raw_bytes_to_server(&more).await.is_ok();
        fragments += 1_000;
    }
    ensure!(!student.is_still_being_answered().await?, "a million fragments were taken");
    // Beyond the bound of a message it is refused, beyond twice that the connection ends.
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let room = json!({ "room": "x".repeat(64 * 1024) });
    let code = student.expect_event_is_refused("room:join", &room).await?;
    ensure!(code == "PAYLOAD_TOO_LARGE", "64 KiB were answered {code}");
    let text = format!(r#"42["room:join",{{"room":"{}"}}]"#, "x".repeat(128 * 1024));
    ensure!(send_text_as_student(field, &text).await? == Fate::HungUp, "128 KiB were taken");
    Ok(format!(
        "64 KiB refused; 128 KiB, 16 MiB and {fragments} fragments of a byte, each the end of its connection"
    ))
}

/// 26: nested JSON.
pub(super) async fn nest_json_without_end(field: &Field) -> Result<String> {
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let keys: String = (0..5_000).map(|n| format!(r#""k{n}":1,"#)).collect();
    let bodies = [
        (format!(r#"{{"title":"x","description":{deep}}}"#), &[400_u16, 413][..]),
        (format!(r#"{{"title":{}1{}}}"#, r#"{"a":"#.repeat(5_000), "}".repeat(5_000)), &[400]),
        // Members that nobody knows are passed over.
        (format!(r#"{{{keys}"title":"many members"}}"#), &[201]),
        (format!(r#"{{"title":[{}1]}}"#, "1,".repeat(20_000)), &[400]),
        (r#"{"title":1e400}"#.to_owned(), &[400]),
        (r#"{"title":"x","assigneeId":1e999}"#.to_owned(), &[400]),
        (r#"{"title":"a","title":"b"}"#.to_owned(), &[400]),
        ("nul".to_owned(), &[400]),
        ("\"\\ud800\"".to_owned(), &[400]),
    ];
    let http = &field.castle.rest.http;
    for (body, wanted) in &bodies {
        let request = http.post(format!("http://{}/api/incidents", field.address()));
        let request = request
            .bearer_auth(field.find_token_by_index(STUDENT))
            .header("content-type", "application/json");
        let answer = request.body(body.clone()).send().await?;
        let (status, text) = (answer.status().as_u16(), answer.text().await?);
        ensure!(wanted.contains(&status), "{body:.60}: {status} {text:.200}");
        if body.len() < 60_000 {
            let mut student = field.enter_socket_as_person(STUDENT).await?;
            student.send_text_to_server(&format!(r#"421["room:join",{body}]"#)).await?;
            match student.receive_next_from_server().await? {
                Received::Text(text) if text.contains("\"ok\":true") => bail!("taken: {body:.60}"),
                _ => {}
            }
        }
    }
    Ok(format!("{} bodies, each refused by REST and by Socket.IO", bodies.len()))
}

/// 27: compressed messages.
pub(super) async fn ask_for_compressed_messages(field: &Field) -> Result<String> {
    let mut doors = 0;
    for door in ["/socket.io/?EIO=4&transport=websocket", "/hub/incidents", "/ws"] {
        let request = format!(
            "GET {door} HTTP/1.1\r\nhost: test\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nauthorization: Bearer {}\r\n\
             sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
            field.find_token_by_index(STUDENT)
        );
        let mut connection = owlpost_testkit::RawConnection::connect(field.address()).await;
        connection.write_raw_bytes_to_server(request).await;
        let Some(answer) = connection.receive_next_whole_answer().await else {
            bail!("no answer at {door}")
        };
        ensure!(answer.status == 101, "{door} was answered {}", answer.status);
        ensure!(
            !answer.head.to_ascii_lowercase().contains("sec-websocket-extensions"),
            "{}",
            answer.head
        );
        doors += 1;
    }
    Ok(format!("{doors} doors, none of which takes compressed messages"))
}

/// 31: unknown namespaces.
pub(super) async fn enter_namespaces_nobody_has(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let long = "n".repeat(10_000);
    let mut refused = 0;
    let mut names: Vec<String> = (0..1_000).map(|n| format!("/n{n}")).collect();
    names.extend([
        format!("/{long}"),
        "/admin".to_owned(),
        "/__proto__".to_owned(),
        "/\u{0}".to_owned(),
    ]);
    for name in &names {
        if student.send_text_to_server(&format!("40{name},{{}}")).await.is_err() {
            break;
        }
        match student.receive_next_from_server().await? {
            Received::Text(text) if text.starts_with("44") => refused += 1,
            Received::End => break,
            Received::Text(text) if text.starts_with("40") => bail!("{name:.20} let somebody in"),
            _ => {}
        }
    }
    ensure!(refused > 0, "not one was refused");
    Ok(format!("{refused} of {} refused before the connection was ended or the list", names.len()))
}

/// 32: rooms without end.
pub(super) async fn join_rooms_without_end(field: &Field) -> Result<String> {
    let mut student = field.enter_socket_as_person(STUDENT).await?;
    let mut created = Vec::new();
    for n in 0..60 {
        created.push(field.castle.create_incident_with_title(&format!("room {n}")).await?);
    }
    for id in &created {
        let room = json!({ "room": format!("incident:{id}") });
        let answer = student.emit_event_for_ack("room:join", &room).await?;
        ensure!(answer["ok"] == true, "{answer}");
    }
    // One views one incident at a time: joining the next leaves the last.
    let own = &field.find_person_by_index(STUDENT).id;
    let mut viewed = 0;
    for id in &created {
        let path = format!("/api/presence/incident/{id}");
        let viewers = field.send_request_as_person(STUDENT, Method::GET, &path, None).await?;
        viewed += usize::from(viewers.text.contains(&**own));
    }
    ensure!(viewed == 1, "{viewed} incidents are viewed by one socket");
    Ok("60 rooms entered one by one, one of them left with one socket in it".to_owned())
}
