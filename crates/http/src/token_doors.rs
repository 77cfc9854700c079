//! What a token must open for each operation: the one table that both the way in and the document follow.

use axum::http::Method;
use owlpost_domain::{Door, Scope};

use crate::paths::{EVENTS_PATH, HOOKS_PATH};

/// The door of an operation, by its method and the path of its route. What is not in the table is for people.
pub(crate) fn find_door_of_operation(method: &Method, route: &str) -> Door {
    if route.starts_with(HOOKS_PATH) {
        return Door::OfScope(Scope::Report);
    }
    let reads = *method == Method::GET || *method == Method::HEAD;
    match route {
        EVENTS_PATH => Door::OfScope(Scope::Events),
        "/api/incidents" if *method == Method::POST => Door::OfScope(Scope::Report),
        "/api/notifications"
        | "/api/users"
        | "/api/presence/online"
        | "/api/presence/incident/{id}"
            if reads =>
        {
            Door::OfScope(Scope::Read)
        }
        _ if route == "/api/incidents" || route.starts_with("/api/incidents/") => {
            Door::OfScope(if reads { Scope::Read } else { Scope::Write })
        }
        _ => Door::OfPeople,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_open_what_concerns_people_to_nobody_else() {
        let of = |method: &str, route: &str| {
            find_door_of_operation(&Method::from_bytes(method.as_bytes()).expect("a method"), route)
        };
        for (method, route) in [
            ("GET", "/api/auth/me"),
            ("GET", "/api/auth/sessions"),
            ("PUT", "/api/auth/password"),
            ("GET", "/api/tokens"),
            ("POST", "/api/tokens"),
            ("DELETE", "/api/tokens/{id}"),
            ("PATCH", "/api/users/{id}"),
            ("DELETE", "/api/users/{id}"),
            ("POST", "/api/users/{id}/password-reset"),
            ("GET", "/api/invitations"),
            ("GET", "/api/outlets"),
            ("POST", "/api/webhooks"),
            ("PATCH", "/api/notifications/read-all"),
            ("DELETE", "/api/notifications/{id}"),
            ("GET", "/api/what-comes-later"),
        ] {
            assert_eq!(of(method, route), Door::OfPeople, "{method} {route}");
        }
        for (method, route, scope) in [
            ("GET", "/api/incidents", Scope::Read),
            ("HEAD", "/api/incidents", Scope::Read),
            ("POST", "/api/incidents", Scope::Report),
            ("POST", "/api/hooks/grafana", Scope::Report),
            ("PATCH", "/api/incidents/{id}", Scope::Write),
            ("POST", "/api/incidents/{id}/comments", Scope::Write),
            ("POST", "/api/incidents/{id}/acknowledge", Scope::Write),
            ("GET", "/api/incidents/{id}/timeline", Scope::Read),
            ("GET", "/api/users", Scope::Read),
            ("GET", "/api/events", Scope::Events),
        ] {
            assert_eq!(of(method, route), Door::OfScope(scope), "{method} {route}");
        }
    }
}
