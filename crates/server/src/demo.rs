//! The demo castle: a few users, incidents and comments for `--demo`. Adding it again adds only what is missing.

use owlpost_domain::{
    Role, Severity, Status, Store, User, incident_changes::IncidentPatch, incidents::NewIncident,
};

/// Password of every demo user.
pub const DEMO_PASSWORD: &str = "alohomora1";

/// Email, name and role of the demo users.
pub const DEMO_USERS: [(&str, &str, Role); 7] = [
    ("harry.potter@hogwarts.edu", "Harry Potter", Role::Student),
    ("hermione.granger@hogwarts.edu", "Hermione Granger", Role::Student),
    ("ron.weasley@hogwarts.edu", "Ron Weasley", Role::Student),
    ("percy.weasley@hogwarts.edu", "Percy Weasley", Role::Prefect),
    ("cedric.diggory@hogwarts.edu", "Cedric Diggory", Role::Prefect),
    ("nymphadora.tonks@hogwarts.edu", "Nymphadora Tonks", Role::Auror),
    ("kingsley.shacklebolt@hogwarts.edu", "Kingsley Shacklebolt", Role::Auror),
];

/// An incident of the castle. People are handles.
struct DemoIncident {
    reporter: &'static str,
    title: &'static str,
    description: &'static str,
    location: &'static str,
    severity: Severity,
    status: Status,
    /// The assignee, and the Prefect or Auror who assigned and moved the incident on.
    assignee: Option<(&'static str, &'static str)>,
    comments: &'static [(&'static str, &'static str)],
}

const DEMO_INCIDENTS: [DemoIncident; 8] = [
    DemoIncident {
        reporter: "ron.weasley",
        title: "Peeves drops water balloons on first-years",
        description: "Everyone coming out of Charms is soaked. He has at least forty more.",
        location: "Charms corridor, third floor",
        severity: Severity::Mischief,
        status: Status::Open,
        assignee: None,
        comments: &[("hermione.granger", "I told him I would fetch the Bloody Baron. He laughed.")],
    },
    DemoIncident {
        reporter: "hermione.granger",
        title: "Books in the Restricted Section are screaming",
        description: "Three of them, taking turns. Madam Pince has not slept since Tuesday.",
        location: "Library",
        severity: Severity::Serious,
        status: Status::InProgress,
        assignee: Some(("percy.weasley", "nymphadora.tonks")),
        comments: &[
            ("percy.weasley", "Two are closed again. The third bites."),
            (
                "hermione.granger",
                "@percy.weasley a Silencing Charm works if you say it from behind.",
            ),
        ],
    },
    DemoIncident {
        reporter: "harry.potter",
        title: "Troll in the dungeons",
        description: "Twelve feet tall, club, very bad temper. Thought you ought to know.",
        location: "Dungeons, near the girls' bathroom",
        severity: Severity::Critical,
        status: Status::InProgress,
        assignee: Some(("kingsley.shacklebolt", "nymphadora.tonks")),
        comments: &[
            (
                "nymphadora.tonks",
                "Students back to their houses, please. @percy.weasley @cedric.diggory lead them.",
            ),
            ("cedric.diggory", "Hufflepuff is complete and safe."),
        ],
    },
    DemoIncident {
        reporter: "cedric.diggory",
        title: "Staircase moves while people are on it",
        description: "Not in its timetable. A second-year was left hanging between floors.",
        location: "Grand Staircase, fourth to fifth floor",
        severity: Severity::Serious,
        status: Status::Open,
        assignee: None,
        comments: &[],
    },
    DemoIncident {
        reporter: "percy.weasley",
        title: "Dungbombs outside the Prefects' office",
        description: "Nineteen, with a delay of ten minutes each. I have a suspicion or two.",
        location: "Fifth floor",
        severity: Severity::Mischief,
        status: Status::Resolved,
        assignee: Some(("percy.weasley", "percy.weasley")),
        comments: &[("ron.weasley", "Could have been anybody.")],
    },
    DemoIncident {
        reporter: "harry.potter",
        title: "Writing on the wall that nobody can remove",
        description: "Red, wet and about a chamber. Filch is beside himself about his cat.",
        location: "Second floor",
        severity: Severity::Critical,
        status: Status::Open,
        assignee: None,
        comments: &[("kingsley.shacklebolt", "Nobody touches the wall. I am on my way.")],
    },
    DemoIncident {
        reporter: "hermione.granger",
        title: "Unlabelled potion boils over",
        description: "Green smoke that smells of almonds. Door closed, windows open.",
        location: "Potions classroom",
        severity: Severity::Serious,
        status: Status::Resolved,
        assignee: Some(("cedric.diggory", "cedric.diggory")),
        comments: &[],
    },
    DemoIncident {
        reporter: "ron.weasley",
        title: "Owl delivers a Howler to the wrong table",
        description: "A whole year of Ravenclaws now knows about the flying car.",
        location: "Great Hall",
        severity: Severity::Mischief,
        status: Status::Open,
        assignee: None,
        comments: &[],
    },
];

/// Adds the demo users and incidents that are missing.
pub async fn seed_missing_demo_castle(store: &Store) -> anyhow::Result<()> {
    let users = seed_missing_demo_users(store).await?;
    let titles: Vec<&str> = DEMO_INCIDENTS.iter().map(|demo| demo.title).collect();
    let known = store.find_known_incident_titles(&titles).await?;
    for demo in DEMO_INCIDENTS.iter().filter(|demo| !known.contains(demo.title)) {
        add_demo_incident_to_store(store, &users, demo).await?;
    }
    Ok(())
}

/// Marks whoever of the demo still has the password that everybody knows: also those whom a version that marked nobody
/// had added. A server that runs without the demo refuses them.
pub async fn mark_people_with_demo_password(store: &Store) -> anyhow::Result<()> {
    for (email, _, _) in DEMO_USERS {
        if store.has_unmarked_user_password(email, DEMO_PASSWORD).await? {
            let user = store.find_user_by_email(email).await?;
            if let Some(user) = user {
                tracing::warn!(%email, "has the password of the demo, and is admitted only with --demo");
                store.mark_user_as_demo(user.id).await?;
            }
        }
    }
    Ok(())
}

async fn seed_missing_demo_users(store: &Store) -> anyhow::Result<Vec<User>> {
    mark_people_with_demo_password(store).await?;
    let mut users = Vec::with_capacity(DEMO_USERS.len());
    for (email, name, role) in DEMO_USERS {
        let user = match store.find_user_by_email(email).await? {
            Some(user) => user,
            None => {
                let hash = store.hash_known_demo_password(DEMO_PASSWORD).await?;
                let user = store.insert_user_with_role(email, name, role, Some(hash)).await?;
                store.mark_user_as_demo(user.id).await?;
                user
            }
        };
        users.push(user);
    }
    Ok(users)
}

async fn add_demo_incident_to_store(
    store: &Store,
    users: &[User],
    demo: &DemoIncident,
) -> anyhow::Result<()> {
    let reporter = find_demo_user_by_handle(users, demo.reporter)?;
    let new = NewIncident {
        title: demo.title.to_owned(),
        description: Some(demo.description.to_owned()),
        severity: Some(demo.severity),
        location: Some(demo.location.to_owned()),
        assignee_id: None,
    };
    let incident = store.create_incident_with_events(reporter, new, None).await?.value;
    for (author, content) in demo.comments {
        let author = find_demo_user_by_handle(users, author)?;
        let comment = store.create_comment_with_mentions(author, incident.id, content, None);
        // Nobody listens yet: who comes reads the log.
        let _ = comment.await?;
    }
    let Some((assignee, actor)) = demo.assignee else { return Ok(()) };
    let actor = find_demo_user_by_handle(users, actor)?;
    let patch = IncidentPatch {
        assignee_id: Some(Some(find_demo_user_by_handle(users, assignee)?.id)),
        status: Some(Status::InProgress),
        ..Default::default()
    };
    let _ = store.update_incident_with_events(actor, incident.id, patch, None).await?;
    if demo.status == Status::Resolved {
        let resolution = Some("Dealt with, and Filch has been told.".to_owned());
        let _ =
            store.resolve_incident_with_events(actor, incident.id, resolution, &[], None).await?;
    }
    Ok(())
}

fn find_demo_user_by_handle<'u>(users: &'u [User], handle: &str) -> anyhow::Result<&'u User> {
    users
        .iter()
        .find(|user| user.handle == handle)
        .ok_or_else(|| anyhow::anyhow!("{handle} is not a demo user"))
}
