//! The people of a run, and their tokens.

use anyhow::{Context as _, Result};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    database::{DatabaseKind, RunDatabase, SECRET},
    rest::Rest,
};

/// Somebody.
#[derive(Debug, Clone)]
pub struct Person {
    /// User id.
    pub id: String,
    /// What a mention names.
    pub handle: String,
    /// Email address.
    pub email: String,
    /// Role at the beginning of the run.
    pub role: String,
    /// An access token for the whole run.
    pub token: String,
}

/// Handles every castle has, with their roles; students follow.
const FIRST_PEOPLE: [(&str, &str); 4] = [
    ("alastor.moody", "AUROR"),
    ("nymphadora.tonks", "AUROR"),
    ("percy.weasley", "PREFECT"),
    ("cedric.diggory", "PREFECT"),
];

/// Seconds an access token of the harness is valid.
const TOKEN_SECONDS: i64 = 24 * 3600;

/// Makes the people of a run: by SQL on Postgres, by REST on the embedded database.
pub async fn settle_people_in_castle(
    database: &RunDatabase,
    rest: &Rest,
    count: usize,
) -> Result<Vec<Person>> {
    let named =
        FIRST_PEOPLE.iter().map(|(handle, role)| ((*handle).to_owned(), (*role).to_owned()));
    let students = (0..).map(|n| (format!("student.{n}"), "STUDENT".to_owned()));
    let wanted: Vec<_> = named.chain(students).take(count.max(FIRST_PEOPLE.len())).collect();
    let mut people = Vec::new();
    match database.kind() {
        DatabaseKind::Postgres => {
            let mut session = database.open_session_of_harness().await?;
            for (handle, role) in wanted {
                let id = Uuid::now_v7();
                sqlx::query("insert into users (id, email, name, role) values ($1, $2, $3, $4)")
                    .bind(id)
                    .bind(email_of_person_with(&handle))
                    .bind(&handle)
                    .bind(&role)
                    .execute(&mut session)
                    .await?;
                people.push(make_person_with_token(id.to_string(), handle, role));
            }
        }
        DatabaseKind::Embedded => {
            for (handle, role) in wanted {
                let body = json!({ "email": email_of_person_with(&handle), "name": handle,
                                   "password": "wingardium-leviosa" });
                let answer = rest.post_body_with_token("/api/auth/register", "", &body).await?;
                // The first Auror was made before the server started.
                let answer = if answer.status == 409 {
                    rest.post_body_with_token("/api/auth/login", "", &body).await?
                } else {
                    answer
                };
                let id = answer.json["user"]["id"].as_str().context("no user in the answer")?;
                people.push(make_person_with_token(id.to_owned(), handle, role));
            }
            let auror = people[0].token.clone();
            for person in people.iter().filter(|person| person.role != "STUDENT").skip(1) {
                let (path, body) =
                    (format!("/api/users/{}", person.id), json!({ "role": person.role }));
                rest.send_request_with_token(Method::PATCH, &path, &auror, Some(&body), None)
                    .await?
                    .expect_status_of_answer(200)?;
            }
        }
    }
    Ok(people)
}

fn email_of_person_with(handle: &str) -> String {
    format!("{handle}@hogwarts.edu")
}

/// Arguments that make the first Auror of an embedded database before its server starts.
pub fn build_arguments_of_first_auror() -> Vec<String> {
    let (handle, role) = FIRST_PEOPLE[0];
    let email = email_of_person_with(handle);
    let words = ["user", "add", "--email", &email, "--name", handle, "--role", role];
    let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend(["--password".to_owned(), "wingardium-leviosa".to_owned()]);
    arguments
}

fn make_person_with_token(id: String, handle: String, role: String) -> Person {
    let email = email_of_person_with(&handle);
    let mut person = Person { id, handle, email, role, token: String::new() };
    person.token = mint_token_for_person(&person, 0, TOKEN_SECONDS);
    person
}

/// An access token issued and expiring so many seconds from now.
pub fn mint_token_for_person(person: &Person, issued: i64, expires: i64) -> String {
    let now = chrono::Utc::now().timestamp();
    let claims = json!({
        "sub": person.id, "email": person.email, "name": person.handle, "role": person.role,
        "type": "access", "iat": now + issued, "exp": now + expires,
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    // Signing with a key of our own cannot fail; an empty token would be refused at once.
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap_or_default()
}
