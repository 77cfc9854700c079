//! What a scenario is, and how a list of them is run.

use std::{fmt, time::Instant};

use anyhow::Result;
use futures_util::future::BoxFuture;

use crate::{
    database::DatabaseKind,
    lab::{Lab, Run},
};

/// What a scenario stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Either database, each in a row of its own.
    BothDatabases,
    /// Any Postgres.
    Postgres,
    /// A Postgres that may be stopped and frozen.
    OwnCluster,
}

/// A fault with its expected outcome.
pub struct Scenario {
    /// Its number in the table.
    pub number: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What is done to the system.
    pub fault: &'static str,
    /// What must come of it.
    pub expected: &'static str,
    /// What an operator should do when it happens.
    pub operator: &'static str,
    /// What it stands on.
    pub needs: Needs,
    /// Whether the short run includes it.
    pub in_short_run: bool,
    /// Does it; the text says what happened, in numbers.
    pub run: fn(Run) -> BoxFuture<'static, Result<String>>,
}

/// Something that could not be tried here. No failure, and no success either.
#[derive(Debug)]
pub struct NotRun(pub String);

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not run: {}", self.0)
    }
}

impl std::error::Error for NotRun {}

/// What came of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What was expected.
    Held,
    /// Something else.
    Failed,
    /// It could not be tried here.
    NotRun,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// Number of the scenario.
    pub number: &'static str,
    /// Name of the scenario.
    pub name: &'static str,
    /// What was done.
    pub fault: &'static str,
    /// What had to come of it.
    pub expected: &'static str,
    /// The database it ran on.
    pub database: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// The same in words and numbers.
    pub happened: String,
    /// Seed to see it again.
    pub seed: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Runs scenarios one after the other and tells of each as it ends.
pub async fn run_scenarios_in_order(
    lab: &Lab,
    scenarios: &[Scenario],
    seed: u64,
    mut tell: impl FnMut(&Row),
) -> Vec<Row> {
    let mut rows = Vec::new();
    for scenario in scenarios {
        let kinds: &[DatabaseKind] = match scenario.needs {
            Needs::BothDatabases => &[DatabaseKind::Postgres, DatabaseKind::Embedded],
            Needs::Postgres | Needs::OwnCluster => &[DatabaseKind::Postgres],
        };
        for kind in kinds {
            let row = run_scenario_on_database(lab, scenario, *kind, seed).await;
            tell(&row);
            rows.push(row);
        }
    }
    rows
}

async fn run_scenario_on_database(
    lab: &Lab,
    scenario: &Scenario,
    kind: DatabaseKind,
    seed: u64,
) -> Row {
    let begun = Instant::now();
    let absent = kind == DatabaseKind::Postgres
        && (lab.find_admin_url_of_postgres().is_none()
            || (scenario.needs == Needs::OwnCluster && lab.cluster.is_none()));
    let result = if absent {
        Err(NotRun("no Postgres binaries".to_owned()).into())
    } else {
        // A task of its own: a scenario that panics fails, and the next one runs.
        let run = Run { lab: lab.clone(), kind, seed };
        tokio::spawn((scenario.run)(run)).await.unwrap_or_else(|panic| Err(panic.into()))
    };
    let (outcome, happened) = match result {
        Ok(happened) => (Outcome::Held, happened),
        Err(error) if error.is::<NotRun>() => (Outcome::NotRun, error.to_string()),
        Err(error) => (Outcome::Failed, format!("{error:#}")),
    };
    Row {
        number: scenario.number,
        name: scenario.name,
        fault: scenario.fault,
        expected: scenario.expected,
        database: kind.as_str(),
        outcome,
        happened,
        seed,
        seconds: begun.elapsed().as_secs_f64(),
    }
}
