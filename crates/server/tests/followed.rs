//! Followed until seen and taken: who has an incident, who is told next, whom that reached, and everything that happened to it.

#![allow(clippy::unwrap_used)]

mod acknowledging;
mod escalating;
mod past;
mod receipts;

use owlpost_domain::{
    DomainConfig, Incident, Role, Severity, Store, User, escalation_plan::EscalationConfig,
    incidents::NewIncident,
};

use crate::support::{DomainLab, SECRET};

/// A castle of two Aurors, a Prefect and a student.
struct Castle {
    lab: DomainLab,
    aurors: [User; 2],
    prefect: User,
    student: User,
}

impl Castle {
    async fn open() -> Self {
        Self::open_with(EscalationConfig::default()).await
    }

    async fn open_with(escalation: EscalationConfig) -> Self {
        let config = DomainConfig { escalation, ..DomainConfig::with_secret(SECRET) };
        let lab = DomainLab::open_with(config).await;
        let add = async |email: &str, role| {
            let email = format!("{email}@hogwarts.edu");
            lab.store().insert_user_with_role(&email, "Somebody", role, None).await.unwrap()
        };
        let aurors = [add("tonks", Role::Auror).await, add("moody", Role::Auror).await];
        let (prefect, student) =
            (add("percy", Role::Prefect).await, add("harry", Role::Student).await);
        Self { aurors, prefect, student, lab }
    }

    fn store(&self) -> &Store {
        self.lab.store()
    }

    async fn report_critical(&self) -> Incident {
        let new = NewIncident {
            title: "Basilisk".to_owned(),
            severity: Some(Severity::Critical),
            ..Default::default()
        };
        self.store().create_incident_with_events(&self.student, new, None).await.unwrap().value
    }

    /// Lets time pass for every escalation, by the clock of the database.
    async fn pass_seconds(&mut self, seconds: f64) {
        self.lab
            .with_connection(async |connection| {
                sqlx::query(
                    "update escalations set told_at = told_at - make_interval(secs => $1), due_at = due_at - make_interval(secs => $1)",
                )
                .bind(seconds)
                .execute(connection)
                .await
                .unwrap();
            })
            .await;
    }

    /// Makes every step that is due; how many there were.
    async fn make_due_steps(&self) -> usize {
        let mut steps = 0;
        while let Some(step) = self.store().escalate_next_due_incident().await.unwrap() {
            steps += usize::from(!step.events.is_empty());
        }
        steps
    }

    /// Notifications of somebody about an incident.
    async fn count_notifications(&self, user: &User, incident: &Incident) -> usize {
        let (page, _) =
            self.store().list_notifications_for_user(user.id, false, None, 100).await.unwrap();
        let link = format!("/incidents/{}", incident.id);
        page.rows.iter().filter(|told| told.link.as_deref() == Some(&*link)).count()
    }
}
