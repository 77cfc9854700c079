//! Delivery to a slow session under schedules that nobody wrote.

use owlpost_domain::EventName;
use owlpost_interleaving::{check_test_under_schedules, let_others_go_on, spawn};

use super::*;
use crate::fakes::{
    session::{make_user_with_name, open_session_with_topics},
    transport::FakeTransport,
};

const SCHEDULES: usize = 2_000;
const FRAMES: usize = 4;

/// One thread delivers, one makes room, one offers again. Whatever their order, everything is written, once and in
/// order: a session must not be left outside of the backlog with frames waiting.
#[test]
fn should_write_everything_whoever_comes_first() {
    check_test_under_schedules(SCHEDULES, || {
        let dispatcher = Arc::new(Dispatcher::new(Duration::from_secs(3600)));
        let transport = FakeTransport::with_room_of_frames(0);
        let user = make_user_with_name("Luna");
        let session = open_session_with_topics(&dispatcher, &user, &transport, &[]);
        let texts: Vec<String> = (0..FRAMES).map(|n| n.to_string()).collect();
        let (delivering, frames) = (dispatcher.clone(), texts.clone());
        let sender = spawn(move || {
            for text in frames {
                let frame = Frame::from_json_text(EventName::IncidentCreated, text.into());
                delivering.send_frame_to_session(&session, &frame);
            }
        });
        let reading = transport.clone();
        let reader = spawn(move || (0..FRAMES).for_each(|_| reading.make_room_for_more(1)));
        let (offering, watched) = (dispatcher.clone(), transport.clone());
        let pump = spawn(move || {
            while watched.written().len() < FRAMES {
                offering.offer_to_writable_sessions(offering.backlog.take_writable_sessions());
                let_others_go_on();
            }
        });
        for thread in [sender, reader, pump] {
            thread.join().expect("it ends");
        }
        assert_eq!(transport.written(), texts);
    });
}
