use serde_json::{Value, json};

use super::*;
use crate::fakes::{
    session::{make_user_with_name, open_session_with_topics},
    transport::FakeTransport,
    wait_until_condition_holds,
};

/// Somebody in a room, and somebody who watches them there.
struct Scene {
    table: Arc<TypingTable>,
    dispatcher: Arc<Dispatcher>,
    incident: IncidentId,
    typist: Arc<Session>,
    watcher: Arc<FakeTransport>,
}

impl Scene {
    fn set_scene_with_timeout(timeout: Duration) -> Self {
        let dispatcher = Arc::new(Dispatcher::new(Duration::from_secs(3600)));
        let bus = Arc::new(Bus::from_redis_url(None).expect("no bus is one"));
        let table = Arc::new(TypingTable::new(dispatcher.clone(), bus, timeout));
        let incident = IncidentId::from_u128(1);
        let (room, watcher) =
            ([Topic::Incident(incident)], FakeTransport::with_room_of_frames(100));
        let user = make_user_with_name("Hermione");
        let own = FakeTransport::with_room_of_frames(100);
        let typist = open_session_with_topics(&dispatcher, &user, &own, &room);
        open_session_with_topics(&dispatcher, &make_user_with_name("Ron"), &watcher, &room);
        Self { table, dispatcher, incident, typist, watcher }
    }

    /// What the watcher saw: whether somebody types, each time that changed.
    fn list_signs_of_typing(&self) -> Vec<bool> {
        let written = self.watcher.written();
        let payloads =
            written.iter().map(|text| serde_json::from_str::<Value>(text).expect("JSON"));
        payloads.map(|payload| payload["isTyping"] == json!(true)).collect()
    }

    fn typing_of_other_node(&self, is_typing: bool) -> PresenceTyping {
        let user = self.typist.user();
        describe_typing_of_user(self.incident, user.id, &user.name, is_typing)
    }
}

#[test]
fn should_tell_the_room_once_of_a_beginning_and_once_of_an_end() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    for _ in 0..3 {
        let typed = scene.table.start_typing_in_incident(&scene.typist, scene.incident);
        assert!(typed.is_ok());
    }
    assert_eq!(scene.table.count_typists_of_node(), 1);
    for _ in 0..2 {
        scene.table.stop_typing_of_session(&scene.typist, scene.incident);
    }
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
    assert_eq!(scene.table.count_typists_of_node(), 0);
}

#[test]
fn should_refuse_typing_where_the_session_does_not_view() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    let elsewhere = IncidentId::from_u128(2);
    let refused = scene.table.start_typing_in_incident(&scene.typist, elsewhere);
    assert!(matches!(refused, Err(DomainError::Forbidden(_))));
    assert_eq!(scene.table.count_typists_of_node(), 0);
}

#[test]
fn should_go_on_while_another_tab_of_the_person_types() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    let (room, own) = ([Topic::Incident(scene.incident)], FakeTransport::with_room_of_frames(100));
    let user = scene.typist.user();
    let second = open_session_with_topics(&scene.dispatcher, &user, &own, &room);
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    let idle = open_session_with_topics(&scene.dispatcher, &user, &own, &room);
    assert!(scene.table.start_typing_in_incident(&second, scene.incident).is_ok());
    scene.table.stop_typing_of_session(&idle, scene.incident);
    scene.table.stop_typing_of_session(&second, scene.incident);
    assert_eq!(scene.list_signs_of_typing(), [true], "the first tab still types");
    scene.table.stop_typing_of_session(&scene.typist, scene.incident);
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
}

#[test]
fn should_go_on_while_the_person_types_on_another_node() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    scene.table.apply_typing_of_node(scene.typing_of_other_node(true));
    scene.table.stop_typing_of_session(&scene.typist, scene.incident);
    assert_eq!(scene.list_signs_of_typing(), [true]);
    scene.table.apply_typing_of_node(scene.typing_of_other_node(false));
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
}

#[test]
fn should_tell_a_newcomer_who_types_already() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    let (room, own) = ([Topic::Incident(scene.incident)], FakeTransport::with_room_of_frames(100));
    let luna = make_user_with_name("Luna");
    let newcomer = open_session_with_topics(&scene.dispatcher, &luna, &own, &room);
    scene.table.tell_newcomer_of_typists(&newcomer, scene.incident);
    scene.table.tell_newcomer_of_typists(&newcomer, IncidentId::from_u128(2));
    // The person themselves, in another tab, is told nothing.
    let user = scene.typist.user();
    let tab = open_session_with_topics(&scene.dispatcher, &user, &own, &room);
    scene.table.tell_newcomer_of_typists(&tab, scene.incident);
    assert_eq!(own.written().len(), 1);
    assert!(own.written()[0].contains("Hermione"));
    assert_eq!(scene.list_signs_of_typing(), [true], "the others are told nothing again");
}

#[test]
fn should_end_at_the_timeout_and_not_before() {
    let timeout = Duration::from_secs(60);
    let scene = Scene::set_scene_with_timeout(timeout);
    let before = Instant::now();
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    let after = Instant::now();
    scene.table.end_and_repeat_typing_at(before + timeout - Duration::from_millis(1));
    assert_eq!(scene.list_signs_of_typing(), [true]);
    scene.table.end_and_repeat_typing_at(after + timeout);
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
}

#[test]
fn should_end_what_another_node_no_longer_repeats_a_margin_later() {
    let timeout = Duration::from_secs(60);
    let scene = Scene::set_scene_with_timeout(timeout);
    let before = Instant::now();
    scene.table.apply_typing_of_node(scene.typing_of_other_node(true));
    let after = Instant::now();
    assert_eq!(scene.table.count_typists_of_node(), 0, "counted where they type");
    let late = timeout + REMOTE_MARGIN;
    scene.table.end_and_repeat_typing_at(before + late - Duration::from_millis(1));
    assert_eq!(scene.list_signs_of_typing(), [true]);
    scene.table.end_and_repeat_typing_at(after + late);
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
}

#[test]
fn should_not_let_another_node_end_what_is_typed_here() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    scene.table.apply_typing_of_node(scene.typing_of_other_node(false));
    let user = scene.typist.user().id;
    scene.table.end_remote_typing_of_user(user, scene.incident);
    assert_eq!(scene.list_signs_of_typing(), [true]);
}

#[test]
fn should_end_typing_with_the_comment_that_was_typed() {
    let scene = Scene::set_scene_with_timeout(Duration::from_secs(60));
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    let payload =
        json!({ "incidentId": scene.incident, "author": { "id": scene.typist.user().id } });
    let comment = LoggedEvent::from_texts(1, "comment:created", &[], payload.to_string().into());
    scene.table.stop_typing_of_comment_author(&comment);
    assert_eq!(scene.list_signs_of_typing(), [true, false]);
}

#[tokio::test]
async fn should_notice_silence_by_itself() {
    let scene = Scene::set_scene_with_timeout(Duration::from_millis(20));
    let table = scene.table.clone();
    let clock = tokio::spawn(async move { table.expire_typing_until_stop().await });
    assert!(scene.table.start_typing_in_incident(&scene.typist, scene.incident).is_ok());
    let ended = || scene.list_signs_of_typing() == [true, false];
    wait_until_condition_holds("the end of typing", ended).await;
    clock.abort();
}
