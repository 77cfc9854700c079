use super::*;

const TAIL: Bytes = Bytes::from_static(b"event:x\n\nbody\0");

fn subscribe_client_to_letter(
    subscriptions: &mut Subscriptions<char>,
    id: &str,
    destination: char,
    ack: AckMode,
) -> SubscriptionKey {
    let key = subscriptions.draw_key_of_subscription(Some(id), "written").unwrap();
    subscriptions.add_subscription_with_key(NewSubscription {
        key,
        id: Some(id.to_owned()),
        written: format!("/topic/{destination}"),
        destination,
        ack,
        after_position: i64::MIN,
        is_begun: true,
    });
    key
}

fn send_message_to_letter(
    subscriptions: &mut Subscriptions<char>,
    to: char,
    subject: Option<&str>,
) -> String {
    let content = MessageContent { tail: &TAIL, origin: "12", subject };
    let mut written =
        subscriptions.write_messages_to_matching(content, |known| known.destination == to);
    let entry = written.take_entry_for_pipe();
    subscriptions.note_messages_as_sent(written);
    String::from_utf8(entry.map(|entry| entry.parts().concat()).unwrap_or_default()).unwrap()
}

fn find_name_of_message(text: &str) -> &str {
    let (_, rest) = text.split_once("message-id:").unwrap();
    rest.split_once('\n').unwrap().0
}

#[test]
fn should_send_a_message_to_each_subscription_that_it_is_for() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    subscribe_client_to_letter(&mut subscriptions, "0:1", 'a', AckMode::Auto);
    subscribe_client_to_letter(&mut subscriptions, "b", 'b', AckMode::Auto);
    subscribe_client_to_letter(&mut subscriptions, "c", 'a', AckMode::ClientIndividual);
    assert_eq!(
        send_message_to_letter(&mut subscriptions, 'a', None),
        "MESSAGE\nsubscription:0\\c1\ndestination:/topic/a\nmessage-id:12-1\nevent:x\n\nbody\0\
         MESSAGE\nsubscription:c\ndestination:/topic/a\nmessage-id:12-2\nack:12-2\nevent:x\n\nbody\0"
    );
    assert_eq!(send_message_to_letter(&mut subscriptions, 'z', None), "");
    assert!(send_message_to_letter(&mut subscriptions, 'b', None).contains("message-id:12-3\n"));
}

#[test]
fn should_have_names_for_acknowledgements_in_each_version() {
    for (version, has_header) in
        [(Version::V10, false), (Version::V11, false), (Version::V12, true)]
    {
        let mut subscriptions = Subscriptions::new(version);
        subscribe_client_to_letter(&mut subscriptions, "a", 'a', AckMode::Client);
        let sent = send_message_to_letter(&mut subscriptions, 'a', Some("subject"));
        assert_eq!(sent.contains("\nack:12-1.subject\n"), has_header, "{version:?}");
        assert_eq!(find_name_of_message(&sent), "12-1.subject");
    }
}

#[test]
fn should_refuse_a_second_of_the_same_name_and_one_too_many() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    for number in 0..MOST_SUBSCRIPTIONS {
        subscribe_client_to_letter(&mut subscriptions, &number.to_string(), 'a', AckMode::Auto);
    }
    let double = subscriptions.draw_key_of_subscription(Some("3"), "other").unwrap_err();
    assert_eq!(double.code(), owlpost_domain::ErrorCode::ValidationError);
    let beyond = subscriptions.draw_key_of_subscription(Some("x"), "other").unwrap_err();
    assert_eq!(beyond.code(), owlpost_domain::ErrorCode::Conflict);
    let name = SubscriptionName::Id("3".to_owned());
    assert_eq!(subscriptions.remove_subscription_by_name(&name), Some(('a', true)));
    assert_eq!(subscriptions.remove_subscription_by_name(&name), None);
    assert!(subscriptions.draw_key_of_subscription(Some("3"), "other").is_ok());
}

#[test]
fn should_know_subscriptions_without_ids_by_their_destinations() {
    let mut subscriptions = Subscriptions::new(Version::V10);
    let key = subscriptions.draw_key_of_subscription(None, "/topic/a").unwrap();
    subscriptions.add_subscription_with_key(NewSubscription {
        key,
        id: None,
        written: "/topic/a".to_owned(),
        destination: 'a',
        ack: AckMode::Auto,
        after_position: i64::MIN,
        is_begun: true,
    });
    assert!(subscriptions.draw_key_of_subscription(None, "/topic/a").is_err());
    assert!(
        send_message_to_letter(&mut subscriptions, 'a', None)
            .starts_with("MESSAGE\ndestination:/topic/a\n")
    );
    let name = SubscriptionName::Destination("/topic/a".to_owned());
    assert_eq!(subscriptions.remove_subscription_by_name(&name), Some(('a', false)));
}

#[test]
fn should_begin_a_subscription_whose_past_was_told() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    let key = subscribe_client_to_letter(&mut subscriptions, "a", 'a', AckMode::Auto);
    subscriptions.list[0].is_begun = false;
    let later = subscribe_client_to_letter(&mut subscriptions, "b", 'a', AckMode::Auto);
    assert_ne!(key, later);
    subscriptions.begin_subscription_by_key(key);
    assert!(subscriptions.list[0].is_begun);
}

#[test]
fn should_acknowledge_one_or_all_before_it() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    subscribe_client_to_letter(&mut subscriptions, "all", 'a', AckMode::Client);
    subscribe_client_to_letter(&mut subscriptions, "one", 'b', AckMode::ClientIndividual);
    subscribe_client_to_letter(&mut subscriptions, "none", 'c', AckMode::Auto);
    let names: Vec<String> = ["n1", "n2", "n3"]
        .map(|subject| {
            find_name_of_message(&send_message_to_letter(&mut subscriptions, 'a', Some(subject)))
                .to_owned()
        })
        .to_vec();
    let list =
        |subjects: &[&str]| Some(subjects.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&names[1]), list(&["n1", "n2"]));
    // Again: it is known, and nothing is left that it was for but itself.
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&names[1]), list(&["n2"]));
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&names[2]), list(&["n3"]));

    let one = find_name_of_message(&send_message_to_letter(&mut subscriptions, 'b', Some("m1")))
        .to_owned();
    let two = find_name_of_message(&send_message_to_letter(&mut subscriptions, 'b', Some("m2")))
        .to_owned();
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&two), list(&["m2"]));
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&one), list(&["m1"]));

    let plain = find_name_of_message(&send_message_to_letter(&mut subscriptions, 'c', Some("m3")))
        .to_owned();
    assert_eq!(subscriptions.take_subjects_of_acknowledgement(&plain), list(&[]));
    for never_given in ["", "x", "12-0", "12-99", "12--1", "12-99.n1", "-", "e-1x"] {
        assert_eq!(
            subscriptions.take_subjects_of_acknowledgement(never_given),
            None,
            "{never_given}"
        );
        assert!(!subscriptions.was_message_ever_sent(never_given));
    }
}

#[test]
fn should_remember_the_last_thousand_of_a_cumulative_subscription() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    subscribe_client_to_letter(&mut subscriptions, "a", 'a', AckMode::Client);
    let mut last = String::new();
    for number in 0..=MOST_UNACKNOWLEDGED {
        let sent = send_message_to_letter(&mut subscriptions, 'a', Some(&number.to_string()));
        last = find_name_of_message(&sent).to_owned();
    }
    let acknowledged = subscriptions.take_subjects_of_acknowledgement(&last).unwrap();
    assert_eq!(acknowledged.len(), MOST_UNACKNOWLEDGED);
    assert_eq!(acknowledged.first().map(String::as_str), Some("1"));
}

#[test]
fn should_forget_numbers_of_messages_that_found_no_room() {
    let mut subscriptions = Subscriptions::new(Version::V12);
    subscribe_client_to_letter(&mut subscriptions, "a", 'a', AckMode::Client);
    let content = MessageContent { tail: &TAIL, origin: "e", subject: Some("n") };
    drop(subscriptions.write_messages_to_matching(content, |_| true));
    assert!(!subscriptions.was_message_ever_sent("e-1"));
    assert!(send_message_to_letter(&mut subscriptions, 'a', None).contains("message-id:12-1\n"));
}
