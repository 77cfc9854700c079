//! The first one wins, and everybody knows.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::support::{Answer, NOBODYS_ID, Person, TestServer};

fn path_to_acknowledge(incident: &Value) -> String {
    format!("/api/incidents/{}/acknowledge", incident["id"].as_str().unwrap())
}

async fn acknowledge(server: &TestServer, incident: &Value, person: &Person) -> Answer {
    server.api.post(&path_to_acknowledge(incident), person, json!({})).await
}

#[tokio::test]
async fn should_give_it_to_the_first_and_tell_the_second_who_that_was() {
    let server = TestServer::start();
    let (auror, percy) = (server.auror().await, server.prefect("percy").await);
    let harry = server.student("harry").await;
    let mut watching = server.api.stream("/api/events", &harry).await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    while watching.next_durable().await.name != "incident:created" {}

    let taken = acknowledge(&server, &incident, &percy).await.expect(200);
    assert_eq!(taken.json["status"], "IN_PROGRESS");
    assert_eq!(taken.json["assignee"]["id"], percy.id);
    assert_eq!(taken.json["acknowledgedBy"]["id"], percy.id);
    assert_eq!((&taken.json["version"], taken.header("etag")), (&json!(2), "\"2\""));
    let updated = watching.next_durable().await;
    assert_eq!(
        (&*updated.name, &updated.data["changes"]["status"]),
        ("incident:updated", &json!("IN_PROGRESS"))
    );
    let told = watching.next_durable().await;
    assert_eq!(told.name, "incident:acknowledged");
    assert_eq!(told.data["incidentId"], incident["id"]);
    assert_eq!(told.data["acknowledgedBy"]["id"], percy.id);
    assert_eq!(told.data["acknowledgedAt"], taken.json["acknowledgedAt"]);

    let second = acknowledge(&server, &incident, &auror).await;
    second.expect_error(409, "CONFLICT");
    let details = &second.json["error"]["details"];
    assert_eq!(details["acknowledgedBy"]["id"], percy.id);
    assert_eq!(details["acknowledgedAt"], taken.json["acknowledgedAt"]);
    // Who has it is answered the same again, and nobody is told.
    assert_eq!(acknowledge(&server, &incident, &percy).await.expect(200).json, taken.json);
    server.api.report(&harry, json!({ "title": "Last" })).await;
    assert_eq!(watching.next_durable().await.name, "incident:created");
}

#[tokio::test]
async fn should_let_one_of_many_have_it() {
    let server = TestServer::start();
    let harry = server.student("harry").await;
    let mut people = vec![server.auror().await];
    for number in 0..5 {
        people.push(server.prefect(&format!("prefect{number}")).await);
    }
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let answers = people.iter().map(|person| acknowledge(&server, &incident, person));
    let answers = futures_util::future::join_all(answers).await;
    let first: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(first.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.expect_error(409, "CONFLICT");
        assert_eq!(
            answer.json["error"]["details"]["acknowledgedBy"],
            first[0].json["acknowledgedBy"]
        );
    }
}

#[tokio::test]
async fn should_refuse_who_may_not_what_changed_and_what_is_over() {
    let server = TestServer::start();
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let percy = server.prefect("percy").await;
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    acknowledge(&server, &incident, &harry).await.expect_error(403, "FORBIDDEN");
    acknowledge(&server, &json!({ "id": NOBODYS_ID }), &auror).await.expect_error(404, "NOT_FOUND");
    let old =
        server.api.post(&path_to_acknowledge(&incident), &auror, json!({ "version": 2 })).await;
    old.expect_error(409, "CONFLICT");
    let bad =
        server.api.post(&path_to_acknowledge(&incident), &auror, json!({ "version": "x" })).await;
    bad.expect_error(400, "VALIDATION_ERROR");
    // It stays whose it is, and the assignee may take it whatever their role.
    let id = incident["id"].as_str().unwrap();
    let assigned = json!({ "assigneeId": percy.id });
    server.api.patch(&format!("/api/incidents/{id}"), &auror, assigned).await.expect(200);
    let taken =
        server.api.post(&path_to_acknowledge(&incident), &auror, json!({ "version": 2 })).await;
    let taken = taken.expect(200).json;
    assert_eq!(
        (&taken["assignee"]["id"], &taken["acknowledgedBy"]["id"]),
        (&json!(percy.id), &json!(auror.id))
    );
    // Whoever opens it again has nobody on it.
    server.api.delete(&format!("/api/incidents/{id}"), &auror).await.expect(200);
    let opened = json!({ "status": "OPEN" });
    let opened =
        server.api.patch(&format!("/api/incidents/{id}"), &auror, opened).await.expect(200);
    assert_eq!(opened.json["acknowledgedBy"], Value::Null);
    server.api.delete(&format!("/api/incidents/{id}"), &auror).await.expect(200);
    acknowledge(&server, &incident, &percy).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn should_answer_the_same_key_the_same_again() {
    let server = TestServer::start();
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
    let ask = async |body: Value| {
        let request =
            server.api.request("POST", &path_to_acknowledge(&incident)).bearer_auth(&auror.token);
        server.api.send(request.header("idempotency-key", "take").json(&body)).await
    };
    let first = ask(json!({ "version": 1 })).await.expect(200);
    assert_eq!(ask(json!({ "version": 1 })).await.expect(200).json, first.json);
    ask(json!({ "version": 2 })).await.expect_error(409, "CONFLICT");
}

#[tokio::test]
async fn should_keep_what_each_of_two_changed_at_the_same_moment() {
    let server = TestServer::start();
    let (auror, harry) = (server.auror().await, server.student("harry").await);
    let percy = server.prefect("percy").await;
    for round in 0..10 {
        let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
        let path = format!("/api/incidents/{}", incident["id"].as_str().unwrap());
        let title = format!("Troll {round}");
        let (assigned, titled) = tokio::join!(
            server.api.patch(&path, &auror, json!({ "assigneeId": percy.id })),
            server.api.patch(&path, &harry, json!({ "title": title })),
        );
        assigned.expect(200);
        titled.expect(200);
        let after = server.api.get(&path, &harry).await.expect(200).json;
        assert_eq!(after["assignee"]["id"], percy.id, "round {round}");
        assert_eq!((&after["title"], &after["version"]), (&json!(title), &json!(3)));
    }
}
