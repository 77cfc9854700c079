//! What an attack is, and how a list of them is run.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use futures_util::{FutureExt as _, future::BoxFuture};
use owlpost_faults::{
    database::DatabaseKind,
    lab::{Lab, Run},
    scenario::{NotRun, Outcome},
};

use crate::field::Field;

/// Of what went wrong, which may be a whole answer.
const SHOWN_CHARS: usize = 400;
/// No attack takes longer on a server that holds.
const LONGEST_ATTACK: Duration = Duration::from_secs(240);

/// Something that is tried, with what must come of it.
pub struct Attack {
    /// Its number in the table.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// What is tried.
    pub tried: &'static str,
    /// What must come of it.
    pub expected: &'static str,
    /// Whether the short run includes it.
    pub in_short_run: bool,
    /// Tries it; the text says what happened, in numbers.
    pub run: for<'a> fn(&'a Field) -> BoxFuture<'a, Result<String>>,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct AttackRow {
    /// Number of the attack.
    pub number: u8,
    /// Name of the attack.
    pub name: &'static str,
    /// What was tried.
    pub tried: &'static str,
    /// What had to come of it.
    pub expected: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// The same in words and numbers.
    pub happened: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Tries attacks one after the other on one server and tells of each as it ends. At the end bystanders are judged, who
/// were there all the time.
pub async fn run_attacks_in_order(
    lab: Lab,
    attacks: &[Attack],
    seed: u64,
    mut tell: impl FnMut(&AttackRow),
) -> Result<Vec<AttackRow>> {
    let kind = match lab.find_admin_url_of_postgres() {
        Some(_) => DatabaseKind::Postgres,
        None => DatabaseKind::Embedded,
    };
    let mut field = Field::prepare_field_for_run(&Run { lab, kind, seed }, &[]).await?;
    let mut rows = Vec::new();
    for attack in attacks {
        let begun = Instant::now();
        let result = try_attack_on_field(attack, &field).await;
        let row = make_row_of_attack(attack, result, begun);
        tell(&row);
        rows.push(row);
    }
    let begun = Instant::now();
    let last = Attack {
        number: 0,
        name: "bystanders",
        tried: "all of the above, beside clients of Socket.IO, SignalR and STOMP",
        expected: "each of them heard everything, once and in order, and nothing else",
        in_short_run: true,
        run: |_| async { Ok(String::new()) }.boxed(),
    };
    let result = field.judge_what_bystanders_heard().await;
    let row = make_row_of_attack(&last, result, begun);
    tell(&row);
    rows.push(row);
    Ok(rows)
}

async fn try_attack_on_field(attack: &Attack, field: &Field) -> Result<String> {
    let before = field.look_at_server_before().await?;
    // One that panics got through, and the next one is tried.
    let trying = AssertUnwindSafe((attack.run)(field)).catch_unwind();
    let tried = tokio::time::timeout(LONGEST_ATTACK, trying).await.context("it does not end")?;
    let happened = tried.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(anyhow!("panicked: {}", text.unwrap_or("without a word")))
    })?;
    field.check_server_is_unharmed(&before).await?;
    Ok(happened)
}

fn make_row_of_attack(attack: &Attack, result: Result<String>, begun: Instant) -> AttackRow {
    let (outcome, happened) = match result {
        Ok(happened) => (Outcome::Held, happened),
        Err(error) if error.is::<NotRun>() => (Outcome::NotRun, error.to_string()),
        Err(error) => (Outcome::Failed, format!("{error:#}").chars().take(SHOWN_CHARS).collect()),
    };
    AttackRow {
        number: attack.number,
        name: attack.name,
        tried: attack.tried,
        expected: attack.expected,
        outcome,
        happened,
        seconds: begun.elapsed().as_secs_f64(),
    }
}
