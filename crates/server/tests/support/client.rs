//! A client of the REST surface.

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

use super::{EventReader, PASSWORD, documented::expect_answer_documented};

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub token: String,
    pub refresh_token: String,
    pub user: Value,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `Null` when the body is not JSON.
    pub json: Value,
    pub text: String,
}

impl Answer {
    pub async fn read_whole(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await.expect("a body")).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, json, text }
    }

    /// A header as text; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of an error; empty otherwise.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    /// The field an error names; empty otherwise.
    pub fn field(&self) -> &str {
        self.json["error"]["details"]["field"].as_str().unwrap_or_default()
    }

    /// This answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// An error, which must have this status, this code, and the documented shape.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        assert!(
            self.json["error"]["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{}",
            self.text
        );
        assert!(self.header("content-type").starts_with("application/json"));
        assert!(!self.header("x-request-id").is_empty());
        assert_eq!(status == 401, self.headers.contains_key("www-authenticate"));
    }
}

/// The surface of one server.
#[derive(Debug, Clone)]
pub struct Api {
    pub address: String,
    client: Client,
}

impl Api {
    pub fn new(address: String) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { address, client }
    }

    /// A request to be completed.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.client.request(method, format!("{}{path}", self.address))
    }

    /// Sends it; the answer must be one that the OpenAPI document lists.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let (method, path) = (request.method().to_string(), request.url().path().to_owned());
        let response = self.client.execute(request).await.expect("an answer");
        let answer = Answer::read_whole(response).await;
        expect_answer_documented(&method, &path, &answer);
        answer
    }

    pub async fn get(&self, path: &str, person: &Person) -> Answer {
        self.send(self.request("GET", path).bearer_auth(&person.token)).await
    }

    pub async fn post(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.send(self.request("POST", path).bearer_auth(&person.token).json(&body)).await
    }

    pub async fn patch(&self, path: &str, person: &Person, body: Value) -> Answer {
        self.send(self.request("PATCH", path).bearer_auth(&person.token).json(&body)).await
    }

    pub async fn delete(&self, path: &str, person: &Person) -> Answer {
        self.send(self.request("DELETE", path).bearer_auth(&person.token)).await
    }

    /// A request with a body and no token.
    pub async fn post_openly(&self, path: &str, body: Value) -> Answer {
        self.send(self.request("POST", path).json(&body)).await
    }

    pub async fn register(&self, handle: &str) -> Person {
        let email = format!("{handle}@hogwarts.edu");
        let body =
            json!({ "email": email, "name": format!("Name of {handle}"), "password": PASSWORD });
        person_from_grant(&self.post_openly("/api/auth/register", body).await.expect(201).json)
    }

    pub async fn login(&self, email: &str) -> Person {
        let body = json!({ "email": email, "password": PASSWORD });
        person_from_grant(&self.post_openly("/api/auth/login", body).await.expect(200).json)
    }

    /// Reports an incident; the answer's JSON.
    pub async fn report(&self, person: &Person, body: Value) -> Value {
        self.post("/api/incidents", person, body).await.expect(201).json
    }

    /// Opens an event stream.
    pub async fn stream(&self, path: &str, person: &Person) -> EventReader {
        let request = self
            .request("GET", path)
            .bearer_auth(&person.token)
            .header("accept", "text/event-stream");
        EventReader::open(request).await
    }
}

pub fn person_from_grant(grant: &Value) -> Person {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Person {
        id: text(&grant["user"]["id"]),
        email: text(&grant["user"]["email"]),
        token: text(&grant["accessToken"]),
        refresh_token: text(&grant["refreshToken"]),
        user: grant["user"].clone(),
    }
}
