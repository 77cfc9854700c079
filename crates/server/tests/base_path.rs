//! A server below a path: whatever it gives as an address of its own is one below it.

#![allow(clippy::unwrap_used)]

use crate::support;

use reqwest::{Client, Response, redirect::Policy};
use serde_json::{Value, json};
use support::{PASSWORD, TestServer};

struct Below {
    client: Client,
    server: TestServer,
}

impl Below {
    async fn get(&self, path: &str) -> Response {
        let address = format!("{}{path}", self.server.api.address);
        self.client.get(address).send().await.unwrap()
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> Response {
        let address = format!("{}{path}", self.server.api.address);
        self.client.post(address).bearer_auth(token).json(body).send().await.unwrap()
    }

    async fn text(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.text().await.unwrap()
    }
}

#[tokio::test]
async fn should_be_below_its_path_with_everything() {
    let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let server = TestServer::start_with(&[("BASE_PATH", "/owl/"), ("ADMIN_UI", "true")]);
    let below = Below { client, server };
    let credentials = json!({ "email": "alastor.moody@hogwarts.edu", "password": PASSWORD });
    let grant = below.post("/owl/api/auth/login", "", &credentials).await;
    let grant: Value = grant.json().await.unwrap();
    let token = grant["accessToken"].as_str().unwrap();
    let reported = below.post("/owl/api/incidents", token, &json!({ "title": "Below" })).await;
    let location = reported.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/owl/api/incidents/"), "{location}");
    let invited = below.post("/owl/api/invitations", token, &json!({})).await;
    let invited: Value = invited.json().await.unwrap();
    assert!(invited["link"].as_str().unwrap().starts_with("/owl/register#"), "{invited}");
    let document: Value = serde_json::from_str(&below.text("/owl/api/openapi.json").await).unwrap();
    assert_eq!(document["servers"][0]["url"], "/owl");
    assert!(below.text("/owl/socket.io/?EIO=4&transport=polling").await.contains("\"sid\""));
    let page = below.text("/owl/incidents").await;
    assert!(page.contains(r#"name="owlpost-base-path" content="/owl""#), "{page}");
    assert!(!page.contains("\"./") && page.contains("\"/owl/"), "{page}");
    for (path, to) in
        [("/owl", "/owl/"), ("/owl/docs", "/owl/docs/"), ("/owl/admin/ui", "/owl/admin/ui/")]
    {
        let answer = below.get(path).await;
        assert!(answer.status().is_redirection(), "{path}");
        assert_eq!(answer.headers()["location"], to);
    }
    for beside in ["/", "/api/incidents", "/owls/", "/socket.io/?EIO=4&transport=polling"] {
        assert_eq!(below.get(beside).await.status(), 404, "{beside}");
    }
    // Those who ask for these know nothing of the path.
    for probed in ["/health", "/health/ready", "/metrics", "/owl/health"] {
        assert_eq!(below.get(probed).await.status(), 200, "{probed}");
    }
}
