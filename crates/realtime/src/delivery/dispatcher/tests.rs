use owlpost_domain::{EventName, IncidentId};

use super::*;
use crate::fakes::{
    session::{
        EndedSessions, QUEUE_LIMIT, make_user_with_name, open_session_with_observer,
        open_session_with_topics,
    },
    transport::{FakeReply, FakeTransport},
    wait_until_condition_holds,
};

/// Longer than any test takes.
const NEVER: Duration = Duration::from_secs(3600);

fn build_frame_with_text(text: &str) -> Arc<Frame> {
    Frame::from_json_text(EventName::IncidentCreated, text.into())
}

fn start_dispatcher_with_timeout(
    timeout: Duration,
) -> (Arc<Dispatcher>, tokio::task::JoinHandle<()>) {
    let dispatcher = Arc::new(Dispatcher::new(timeout));
    let pumping = dispatcher.clone();
    (dispatcher, tokio::spawn(async move { pumping.pump_backlog_until_stop().await }))
}

#[tokio::test]
async fn should_deliver_once_to_a_listener_of_several_topics_and_not_to_the_excepted() {
    let (dispatcher, pump) = start_dispatcher_with_timeout(NEVER);
    let room = Topic::Incident(IncidentId::from_u128(1));
    let (harry, ron) = (make_user_with_name("Harry"), make_user_with_name("Ron"));
    let (at_harry, at_ron) =
        (FakeTransport::with_room_of_frames(9), FakeTransport::with_room_of_frames(9));
    open_session_with_topics(&dispatcher, &harry, &at_harry, &[room]);
    open_session_with_topics(&dispatcher, &ron, &at_ron, &[room]);
    let all = Addressed { frame: build_frame_with_text("all"), except: None };
    let others = Addressed { frame: build_frame_with_text("others"), except: Some(ron.id) };
    dispatcher.fan_out_frames_to_topics(&[all, others], &[room, Topic::Everyone]).await;
    dispatcher.deliver_frame_to_topic(build_frame_with_text("room"), room, Some(harry.id));
    assert_eq!(at_harry.written(), ["all", "others"]);
    assert_eq!(at_ron.written(), ["all", "room"]);
    pump.abort();
}

#[tokio::test]
async fn should_go_on_when_the_transport_says_that_it_is_writable() {
    let (dispatcher, pump) = start_dispatcher_with_timeout(NEVER);
    let transport = FakeTransport::with_room_of_frames(1);
    let session =
        open_session_with_topics(&dispatcher, &make_user_with_name("Luna"), &transport, &[]);
    for text in ["1", "2", "3", "4"] {
        dispatcher.send_frame_to_session(&session, &build_frame_with_text(text));
    }
    dispatcher
        .send_reply_to_session(&session, Arc::new(FakeReply(transport.clone(), "5".to_owned())));
    assert_eq!(transport.written(), ["1"]);
    for written in 2..=5 {
        transport.make_room_for_more(1);
        let all = || transport.written().len() == written;
        wait_until_condition_holds("one more is written", all).await;
    }
    assert_eq!(transport.written(), ["1", "2", "3", "4", "5"]);
    pump.abort();
}

#[tokio::test]
async fn should_end_a_session_past_its_bound_and_not_at_it() {
    let (dispatcher, pump) = start_dispatcher_with_timeout(NEVER);
    let (transport, ended) =
        (FakeTransport::with_room_of_frames(0), Arc::new(EndedSessions::default()));
    let user = make_user_with_name("Neville");
    let session = open_session_with_observer(&dispatcher, &user, &transport, &[], ended.clone());
    for _ in 0..QUEUE_LIMIT.frames {
        dispatcher.send_frame_to_session(&session, &build_frame_with_text("x"));
    }
    assert_eq!(transport.reason_of_close(), None);
    dispatcher
        .send_reply_to_session(&session, Arc::new(FakeReply(transport.clone(), "y".to_owned())));
    assert_eq!(transport.reason_of_close(), Some(CloseReason::SlowConsumer));
    assert_eq!(*ended.0.lock(), [session.id]);
    assert_eq!(dispatcher.registry.count_sessions_and_topics(), (0, 0));
    pump.abort();
}

#[tokio::test]
async fn should_end_a_session_whose_transport_takes_nothing_for_too_long() {
    let timeout = Duration::from_millis(80);
    let (dispatcher, pump) = start_dispatcher_with_timeout(timeout);
    let (stuck, free) =
        (FakeTransport::with_room_of_frames(0), FakeTransport::with_room_of_frames(1));
    let user = make_user_with_name("Draco");
    let session = open_session_with_topics(&dispatcher, &user, &stuck, &[]);
    open_session_with_topics(&dispatcher, &user, &free, &[]);
    let begun = std::time::Instant::now();
    dispatcher.deliver_frame_to_topic(build_frame_with_text("x"), Topic::Everyone, None);
    wait_until_condition_holds("the end of the stuck", || session.is_closed()).await;
    assert!(begun.elapsed() > timeout);
    assert_eq!(stuck.reason_of_close(), Some(CloseReason::SlowConsumer));
    assert_eq!(free.reason_of_close(), None);
    pump.abort();
}

#[tokio::test]
async fn should_forget_a_session_whose_connection_has_gone_while_frames_wait() {
    let (dispatcher, pump) = start_dispatcher_with_timeout(NEVER);
    let (transport, ended) =
        (FakeTransport::with_room_of_frames(0), Arc::new(EndedSessions::default()));
    let user = make_user_with_name("Ginny");
    let session = open_session_with_observer(&dispatcher, &user, &transport, &[], ended.clone());
    dispatcher.send_frame_to_session(&session, &build_frame_with_text("x"));
    transport.hang_up_without_word();
    wait_until_condition_holds("its end", || session.is_closed()).await;
    assert_eq!(transport.reason_of_close(), None, "nobody closes what is gone");
    dispatcher.close_session_with_reason(&session, CloseReason::ServerShutdown);
    assert_eq!(*ended.0.lock(), [session.id], "told once");
    pump.abort();
}
