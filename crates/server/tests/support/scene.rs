//! A scene for bad input: what is refused must reach nobody.

use serde_json::{Value, json};

use super::{EventReader, Person, TestServer};

/// A well-formed id nothing has.
pub const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";

/// Somebody who sends bad input, somebody who watches everything, and something to aim at.
pub struct Scene {
    pub server: TestServer,
    pub harry: Person,
    pub incident: Value,
    watcher: EventReader,
}

impl Scene {
    pub async fn set() -> Self {
        let server = TestServer::start();
        let (harry, ron) = (server.student("harry").await, server.student("ron").await);
        let incident = server.api.report(&harry, json!({ "title": "Troll" })).await;
        let room = format!("/api/events?room=incident:{}", incident["id"].as_str().unwrap());
        let mut watcher = server.api.stream(&room, &ron).await;
        // The incident itself may still be on its way to the stream.
        let first = server.api.report(&harry, json!({ "title": "First" })).await;
        while watcher.next_durable().await.data["incident"]["id"] != first["id"] {}
        Self { server, harry, incident, watcher }
    }

    /// The path with real ids.
    pub fn aim(&self, path: &str) -> String {
        path.replace("{id}", self.incident["id"].as_str().unwrap())
            .replace("{commentId}", NOBODYS_ID)
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.server.api.request(method, path).bearer_auth(&self.harry.token)
    }

    /// Nothing reached the watcher, and the server goes on.
    pub async fn expect_nothing_happened(mut self) {
        let last = self.server.api.report(&self.harry, json!({ "title": "Last" })).await;
        let seen = self.watcher.next_durable().await;
        assert_eq!(seen.data["incident"]["id"], last["id"], "{seen:?}");
        let unchanged = self
            .server
            .api
            .get(&self.aim("/api/incidents/{id}"), &self.harry)
            .await
            .expect(200)
            .json;
        assert_eq!((&unchanged["version"], &unchanged["commentsCount"]), (&json!(1), &json!(0)));
    }
}
