//! Search: incidents by anything a person reads in them, people by any part of their name, and who is mentioned.

#![allow(clippy::unwrap_used)]

use crate::support;

use owlpost_domain::{DomainConfig, Role, incident_list::IncidentFilter, incidents::NewIncident};
use serde_json::{Value, json};
use support::{DomainLab, Person, SECRET, TestServer};

fn encode_query(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn find_titles(server: &TestServer, person: &Person, query: &str) -> Vec<String> {
    let path = format!("/api/incidents?q={}", encode_query(query));
    let answer = server.api.get(&path, person).await.expect(200).json;
    let incidents = answer["incidents"].as_array().unwrap().iter();
    incidents.map(|incident| incident["title"].as_str().unwrap().to_owned()).collect()
}

/// Lines of real incident reports, each with what somebody would look it up by.
const REPORTS: [(&str, &[&str]); 14] = [
    (
        "Disk full on db-7.prod.hogwarts.edu",
        &["db-7", "db-7.prod", "hogwarts.edu", "DISK", "prod disk"],
    ),
    ("No route to 10.0.3.17:443 from eu-west", &["10.0.3.17", "10.0.3", ":443", "eu-west"]),
    (
        "Job fails: https://ci.example/job?id=4&x=%C3%A4",
        &["ci.example/job", "?id=4", "%C3", "https://"],
    ),
    ("Bounce from minerva.o'hara@hogwarts.edu", &["minerva.o'hara@", "@hogwarts", "o'hara"]),
    ("/var/log/owlpost/error_2.log grows", &["/var/log", "error_2.LOG", "_2", "owlpost/error"]),
    ("Rolled back to v2.14.0-rc.1", &["v2.14", "2.14.0-rc", "rc.1"]),
    ("Duplicate of OPS-1234, see #88", &["ops-1234", "OPS-12", "#88"]),
    ("Temperature is -5\u{b0}C, load +3.5%", &["-5", "+3.5%", "\u{b0}c"]),
    (
        "Lastverteilerausfall in der Hauptstra\u{df}e",
        &["ausfall", "verteiler", "HAUPTSTRASSE", "stra\u{df}e"],
    ),
    (
        "\u{4e09}\u{968e}\u{3067}\u{706b}\u{707d}\u{304c}\u{767a}\u{751f}",
        &["\u{706b}\u{707d}", "\u{706b}", "\u{4e09}\u{968e}"],
    ),
    (
        "\u{41e}\u{448}\u{438}\u{431}\u{43a}\u{430} \u{431}\u{430}\u{437}\u{44b} \u{434}\u{430}\u{43d}\u{43d}\u{44b}\u{445}",
        &["\u{43e}\u{428}\u{418}\u{411}\u{41a}\u{410}", "\u{431}\u{430}\u{437}\u{44b}"],
    ),
    ("Zoe\u{308} is paged \u{1f525}\u{1f525}", &["zo\u{eb}", "ZOE", "\u{1f525}"]),
    ("Everything is down!!!", &["!!!", "down!"]),
    ("The C++ service leaks", &["c++", "C++ leaks"]),
];

#[tokio::test]
async fn should_find_what_a_person_reads_and_nothing_else() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for (title, _) in REPORTS {
        server.api.report(&harry, json!({ "title": title })).await;
    }
    for (title, queries) in REPORTS {
        for query in queries {
            let found = find_titles(&server, &harry, query).await;
            assert!(found.contains(&title.to_owned()), "{query} in {title}: {found:?}");
            assert!(found.len() < 4, "{query}: {found:?}");
        }
    }
    for nothing in
        ["db-8", "\u{1f4a7}", "??", "*", "\\", "\u{200b}", "\u{301}", "disk leaks", "1ops"]
    {
        assert_eq!(find_titles(&server, &harry, nothing).await, [""; 0], "{nothing:?}");
    }
    let long = "x".repeat(201);
    let answer = server.api.get(&format!("/api/incidents?q={long}"), &harry).await;
    assert_eq!((answer.status, answer.field()), (400, "q"));
}

#[tokio::test]
async fn should_find_an_incident_by_its_id_its_place_and_what_it_became() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let body =
        json!({ "title": "Troll", "location": "D\u{fc}ngeon 4", "description": "Twelve feet" });
    let incident = server.api.report(&harry, body).await;
    let id = incident["id"].as_str().unwrap();
    let printed = format!("OWL-{}", id[id.len() - 5..].to_uppercase());
    for query in [
        id,
        &id.to_uppercase(),
        &printed,
        &printed.to_lowercase(),
        "dungeon",
        "D\u{fc}ngeon 4",
        "feet troll",
    ] {
        assert_eq!(find_titles(&server, &harry, query).await, ["Troll"], "{query}");
    }
    let other = format!("{} nothing", printed);
    assert_eq!(find_titles(&server, &harry, &other).await, [""; 0]);
    assert_eq!(
        find_titles(&server, &harry, &id[..8]).await,
        [""; 0],
        "no number is found by chance"
    );
    let path = format!("/api/incidents/{id}");
    let patch = json!({ "title": "Two trolls", "description": null });
    server.api.patch(&path, &harry, patch).await.expect(200);
    assert_eq!(find_titles(&server, &harry, "two").await, ["Two trolls"]);
    assert_eq!(find_titles(&server, &harry, "feet").await, [""; 0]);
}

#[tokio::test]
async fn should_find_what_somebody_reported_by_who_they_are() {
    let server = TestServer::start();
    let mut people = Vec::new();
    for (email, name) in [
        ("g.weasley@hogwarts.edu", "Ginevra Weasley"),
        ("r.weasley@hogwarts.edu", "Ronald Weasley"),
        ("potter@hogwarts.edu", "Harry Potter"),
    ] {
        let body = json!({ "email": email, "name": name, "password": support::PASSWORD });
        let grant = server.api.post_openly("/api/auth/register", body).await.expect(201).json;
        people.push(support::person_from_grant(&grant));
    }
    let [ginny, ron, harry] = &people[..] else { panic!("three people") };
    for (person, title) in [
        (ginny, "Diary found"),
        (ron, "Wand broken"),
        (harry, "Diary gone"),
        (harry, "Asks for Weasley"),
        (ginny, "Potter collapsed"),
    ] {
        server.api.report(person, json!({ "title": title })).await;
    }
    for (query, expected) in [
        ("ginevra", vec!["Potter collapsed", "Diary found"]),
        ("GIN", vec!["Potter collapsed", "Diary found"]),
        ("g.weasley@hogwarts.edu", vec!["Potter collapsed", "Diary found"]),
        ("r.weas", vec!["Wand broken"]),
        ("weasley", vec!["Potter collapsed", "Asks for Weasley", "Wand broken", "Diary found"]),
        ("ron weasley", vec!["Wand broken"]),
        ("diary weasley", vec!["Diary found"]),
        ("diary", vec!["Diary gone", "Diary found"]),
        ("harry weasley", vec!["Asks for Weasley"]),
        ("potter weasley", vec!["Potter collapsed", "Asks for Weasley"]),
        ("ginevra wand", vec![]),
        ("inevra", vec![]),
        ("hogwarts.edu", vec![]),
    ] {
        assert_eq!(find_titles(&server, harry, query).await, expected, "{query}");
    }
    let path = "/api/incidents?q=weasley&limit=2";
    let page = server.api.get(path, harry).await.expect(200).json;
    let next = page["nextBefore"].as_str().unwrap();
    let rest = server.api.get(&format!("{path}&before={next}"), harry).await.expect(200).json;
    assert_eq!(rest["incidents"][0]["title"], "Wand broken");
    assert_eq!(
        (rest["incidents"][1]["title"].as_str(), &rest["nextBefore"]),
        (Some("Diary found"), &Value::Null)
    );
    // With the printed id of one, in both orders.
    let id = rest["incidents"][0]["id"].as_str().unwrap();
    for sort in ["newest", "urgency"] {
        for (query, found) in [("", 1), ("+ronald", 1), ("+ronald+wand", 1), ("+ginevra", 0)] {
            let path = format!("/api/incidents?sort={sort}&q=owl-{}{query}", &id[id.len() - 5..]);
            let page = server.api.get(&path, harry).await.expect(200).json;
            assert_eq!(page["incidents"].as_array().unwrap().len(), found, "{path}");
        }
    }
}

/// Of more people than are looked up, those count whom most words are about.
#[tokio::test]
async fn should_bound_the_people_that_a_query_may_mean() {
    let mut lab = DomainLab::open_with(DomainConfig::with_secret(SECRET)).await;
    lab.run(
        "insert into users (id, email, name, role, handle)
         select gen_random_uuid(), 'p' || lpad(n::text, 3, '0') || '@b.c', 'Weasley' || case when n = 101 then ' Percy' else '' end,
                'STUDENT', 'p' || lpad(n::text, 3, '0')
         from generate_series(1, 101) as n",
    )
    .await;
    lab.run(
        "insert into incidents (id, title, reported_by)
         select ('ffffffff-0000-7000-8000-' || lpad(substr(handle, 2), 12, '0'))::uuid, 'by ' || handle, id from users",
    )
    .await;
    while lab.store().write_missing_search_texts().await.unwrap() {}
    let found = list_found_ids(&lab, "weasley", 100).await;
    assert_eq!((found.len(), &*found[0], &*found[99]), (100, "by p100", "by p001"));
    assert_eq!(list_found_ids(&lab, "percy weasley", 100).await, ["by p101"]);
}

async fn list_found_ids(lab: &DomainLab, search: &str, limit: u32) -> Vec<String> {
    let filter = IncidentFilter { search: Some(search.into()), limit, ..Default::default() };
    let page = lab.store().list_incidents_by_filter(&filter).await.unwrap();
    page.rows.into_iter().map(|incident| incident.title).collect()
}

/// The newest rows tell how to look: what is in many of them is found by walking, what is in few by the index, and both
/// come to the same.
#[tokio::test]
async fn should_find_the_newest_however_frequent_the_word_is() {
    let mut lab = DomainLab::open_with(DomainConfig::with_secret(SECRET)).await;
    let reporter = lab.store().insert_user_with_role("a@b.c", "Somebody", Role::Student, None);
    let reporter = reporter.await.unwrap();
    for title in ["first of all: basilisk", "the second"] {
        let new = NewIncident { title: title.into(), ..Default::default() };
        let _ = lab.store().create_incident_with_events(&reporter, new, None).await.unwrap();
    }
    // Written by somebody else, without what search compares.
    lab.run(
        "insert into incidents (id, title, reported_by)
         select ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                'number ' || n || case when n % 2 = 0 then ' even' else '' end
                    || case when n % 100 = 0 then ' hundred' else '' end
                    || case when n % 1500 = 0 then ' rare' else '' end
                    || case when n < 100 then ' oldest' else '' end
                    || case when n between 200 and 260 then ' \u{445}\u{444}\u{43c}\u{432}\u{435}\u{432}\u{43c}\u{434}' else '' end, users.id
         from generate_series(1, 6000) as n, users",
    )
    .await;
    assert_eq!(list_found_ids(&lab, "even", 10).await, [""; 0], "not yet");
    while lab.store().write_missing_search_texts().await.unwrap() {}
    let numbers = |step: i32, from: i32, count: i32| {
        (0..count).map(move |index| format!("number {}", from - step * index)).collect::<Vec<_>>()
    };
    let begins = |found: Vec<String>| {
        found
            .into_iter()
            .map(|title| title.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(begins(list_found_ids(&lab, "even", 50).await), numbers(2, 6000, 50));
    assert_eq!(begins(list_found_ids(&lab, "hundred", 50).await), numbers(100, 6000, 50));
    assert_eq!(begins(list_found_ids(&lab, "rare", 50).await), numbers(1500, 6000, 4));
    assert_eq!(begins(list_found_ids(&lab, "oldest", 50).await), numbers(1, 99, 50));
    assert_eq!(begins(list_found_ids(&lab, "4500", 50).await), ["number 4500"]);
    assert_eq!(list_found_ids(&lab, "basilisk", 50).await, ["first of all: basilisk"]);
    // These letters have the same key in the index.
    let alike = "\u{445}\u{444}\u{43c}\u{432}\u{435}\u{432}\u{43c}\u{434}";
    assert_eq!(begins(list_found_ids(&lab, alike, 50).await), numbers(1, 260, 50));
    // Of one or two letters there is no index.
    assert_eq!(list_found_ids(&lab, "k of", 50).await, ["first of all: basilisk"]);
    // Whoever changes a title and knows nothing of search leaves it to be found anew.
    lab.run("update incidents set title = 'a phoenix' where title like 'first%'").await;
    assert_eq!(list_found_ids(&lab, "basilisk", 50).await, [""; 0]);
    while lab.store().write_missing_search_texts().await.unwrap() {}
    assert_eq!(list_found_ids(&lab, "phoenix", 50).await, ["a phoenix"]);
}

#[tokio::test]
async fn should_write_what_search_compares_of_long_texts_in_small_parts() {
    let mut lab = DomainLab::open_with(DomainConfig::with_secret(SECRET)).await;
    let reporter = lab.store().insert_user_with_role("a@b.c", "Somebody", Role::Student, None);
    reporter.await.unwrap();
    // Of 10,000 characters each: fifteen are the bound, and what is before them is below it.
    lab.run(
        "insert into incidents (id, title, description, reported_by)
         select ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'needle', repeat('0123456789', 1000),
                users.id
         from generate_series(1, 40) as n, users",
    )
    .await;
    let mut found = Vec::new();
    while lab.store().write_missing_search_texts().await.unwrap() {
        found.push(list_found_ids(&lab, "needle", 100).await.len());
    }
    assert_eq!(found, [15, 30, 40]);
}

#[tokio::test]
async fn should_complete_people_by_every_part_of_their_name() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    for (email, name) in [
        ("z.oconnor@hogwarts.edu", "Zo\u{eb} Fr\u{f8}ya O'Connor-Smith"),
        (
            "ivanov@durmstrang.example",
            "\u{418}\u{432}\u{430}\u{43d} \u{418}\u{432}\u{430}\u{43d}\u{43e}\u{432}",
        ),
    ] {
        let body = json!({ "email": email, "name": name, "password": support::PASSWORD });
        server.api.post_openly("/api/auth/register", body).await.expect(201);
    }
    let find = |query: &'static str| {
        let path = format!("/api/users?q={}", encode_query(query));
        let (api, harry) = (server.api.clone(), harry.clone());
        async move { api.get(&path, &harry).await.expect(200).json["users"].as_array().unwrap().len() }
    };
    for query in [
        "zoe",
        "ZO\u{cb}",
        "froya",
        "connor",
        "o'con",
        "smith",
        "z.oc",
        "@z.oconnor",
        "z.oconnor@hog",
        "zoe smi",
        "\u{438}\u{432}\u{430}\u{43d}",
    ] {
        assert_eq!(find(query).await, 1, "{query}");
    }
    for nobody in ["oe", "durm", "onnor", "zoe potter", "%", "\u{301}"] {
        assert_eq!(find(nobody).await, 0, "{nobody}");
    }
    assert_eq!(find("").await, 4);
}

#[tokio::test]
async fn should_notify_whom_a_comment_names_and_refuse_no_pasted_code() {
    let server = TestServer::start_with(&[("LIMIT_MENTIONS", "3")]);
    let (author, incident) = {
        let author = server.student("author").await;
        let incident = server.api.report(&author, json!({ "title": "Troll" })).await;
        (author, incident)
    };
    let path = format!("/api/incidents/{}/comments", incident["id"].as_str().unwrap());
    let mut people = Vec::new();
    for handle in ["ron", "luna", "neville", "o'brien"] {
        people.push(server.student(handle).await);
    }
    let say = |content: String| {
        let (api, author, path) = (server.api.clone(), author.clone(), path.clone());
        async move { api.post(&path, &author, json!({ "content": content })).await }
    };
    let annotations: String = (0..400).map(|n| format!("@Annotation{n} ")).collect();
    say(format!("{annotations} **@ron**\u{8bf7}@luna\u{770b} `@neville` https://x.example/@neville @o'brien's"))
        .await
        .expect(201);
    for (person, unread) in people.iter().zip([1, 1, 0, 1]) {
        let noted = server.api.get("/api/notifications", person).await.expect(200).json;
        assert_eq!(noted["unreadCount"], Value::from(unread), "{}", person.email);
    }
    say("@ron @luna @neville @author".into()).await.expect(201);
    let refused = say("@ron @luna @neville @o'brien".into()).await;
    assert_eq!((refused.status, refused.field()), (400, "content"));
}
