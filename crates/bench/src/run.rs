//! A run: every server in turn, repetition after repetition, then the report.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::{
    console::print_line_on_stdout,
    database::BenchDatabase,
    machine::{describe_machine_in_line, read_version_of_program},
    measurement::Notebook,
    profile::Profile,
    report::{RunFacts, replace_report_in_document, write_report_as_markdown},
    subjects::{
        Places, Subject, list_all_known_subjects,
        owl_post::{EMBEDDED_LABEL, LABEL, SIGNALR_LABEL, STOMP_LABEL},
    },
    workloads::{
        Workload, measure_clients_of_subject, measure_owl_post_alone,
        rooms::measure_rooms_of_subject, writes::measure_writes_of_subject,
    },
};

/// Where a developer's Postgres is.
const USUAL_ADMIN_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// Measures Owl Post beside its peers.
#[derive(Debug, Parser)]
#[command(name = "owlpost-bench", version)]
pub struct CommandLine {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Run the workloads and write the report
    Run(RunArgs),
    /// Write the report of an earlier run again
    Report {
        /// The file `run --results` kept the numbers in
        #[arg(long)]
        results: PathBuf,
        #[command(flatten)]
        document: DocumentArgs,
    },
}

#[derive(Debug, Args)]
struct DocumentArgs {
    /// The document the report goes into
    #[arg(long, default_value = "docs/BENCHMARKS.md")]
    document: PathBuf,
    /// The `owlpost` binary
    #[arg(long)]
    server: PathBuf,
    /// The directory of the JavaScript peers
    #[arg(long, default_value = "bench/peers")]
    peers: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    places: DocumentArgs,
    /// Three minutes, and no report
    #[arg(long)]
    quick: bool,
    /// A Postgres server whose user may create databases [default: the one on this machine, if any]
    #[arg(long, env = "OWLPOST_TEST_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Only these workloads
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Workload>,
    /// Only servers whose name contains one of these
    #[arg(long, value_delimiter = ',')]
    subjects: Vec<String>,
    /// Numbers of clients
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<usize>,
    /// Repetitions of each workload
    #[arg(long)]
    repetitions: Option<usize>,
    /// Seconds of each phase
    #[arg(long)]
    seconds: Option<f64>,
    /// Seconds the many connections are held
    #[arg(long)]
    hold_seconds: Option<f64>,
    /// Keep the numbers in this file, and add to those it has
    #[arg(long)]
    results: Option<PathBuf>,
}

/// Does what the command line says.
pub fn run_command_of_bench(command_line: CommandLine) -> anyhow::Result<()> {
    match command_line.command {
        BenchCommand::Report { results, document } => {
            let notebook = Notebook::open_notebook_in_file(&results)?;
            write_document_from_notebook(&notebook, &document)
        }
        BenchCommand::Run(args) => run_workloads_and_report(&args),
    }
}

fn run_workloads_and_report(args: &RunArgs) -> anyhow::Result<()> {
    let open_files = rlimit::increase_nofile_limit(u64::MAX)?;
    let profile = build_profile_from_arguments(args, open_files);
    let places = find_places_of_servers(args)?;
    let mut notebook = match &args.results {
        Some(path) => Notebook::open_notebook_in_file(path)?,
        None => Notebook::default(),
    };
    print_line_on_stdout(describe_machine_in_line());
    for _ in 0..profile.repetitions {
        for workload in [Workload::Clients, Workload::Rooms, Workload::Writes] {
            if wants_workload_of_arguments(args, workload) {
                run_workload_on_subjects(args, &places, &profile, workload, &mut notebook)?;
            }
        }
        for workload in [Workload::Reads, Workload::Clusters, Workload::Growth, Workload::Crowd] {
            if wants_workload_of_arguments(args, workload) {
                measure_owl_post_alone(&places, workload, &profile, &mut notebook)?;
            }
        }
    }
    if wants_workload_of_arguments(args, Workload::Hold) {
        measure_owl_post_alone(&places, Workload::Hold, &profile, &mut notebook)?;
    }
    if args.quick {
        let facts = gather_facts_of_run(Vec::new());
        print_line_on_stdout(format_args!("\n{}", write_report_as_markdown(&notebook, &facts)));
        return Ok(());
    }
    write_document_from_notebook(&notebook, &args.places)
}

fn run_workload_on_subjects(
    args: &RunArgs,
    places: &Places,
    profile: &Profile,
    workload: Workload,
    notebook: &mut Notebook,
) -> anyhow::Result<()> {
    for mut subject in list_all_known_subjects(places, profile) {
        let wanted = args.subjects.is_empty()
            || args.subjects.iter().any(|part| subject.label().contains(part.as_str()));
        if !wanted {
            continue;
        }
        let subject: &mut dyn Subject = &mut *subject;
        let label = subject.label();
        let result = match workload {
            Workload::Clients => measure_clients_of_subject(subject, profile, notebook),
            Workload::Rooms => measure_rooms_of_subject(subject, profile, notebook),
            Workload::Writes => measure_writes_of_subject(subject, profile, notebook),
            Workload::Reads
            | Workload::Clusters
            | Workload::Growth
            | Workload::Crowd
            | Workload::Hold => Ok(()),
        };
        if let Err(error) = result {
            subject.stop();
            // A peer that cannot be run, or breaks, is a result; the product's failure is ours.
            print_line_on_stdout(format_args!("{label}: not measured further: {error:#}"));
            if [LABEL, EMBEDDED_LABEL, SIGNALR_LABEL, STOMP_LABEL].contains(&label) {
                return Err(error);
            }
        }
    }
    Ok(())
}

fn wants_workload_of_arguments(args: &RunArgs, workload: Workload) -> bool {
    args.only.is_empty() || args.only.contains(&workload)
}

/// Every client is an open file here and another in the server; some are needed for other things.
fn build_profile_from_arguments(args: &RunArgs, open_files: u64) -> Profile {
    let mut profile = if args.quick { Profile::quick() } else { Profile::full() };
    if !args.sizes.is_empty() {
        profile.sizes.clone_from(&args.sizes);
    }
    if let Some(repetitions) = args.repetitions {
        profile.repetitions = repetitions;
    }
    if let Some(seconds) = args.seconds {
        profile.phase = std::time::Duration::from_secs_f64(seconds);
    }
    if let Some(seconds) = args.hold_seconds {
        profile.hold = std::time::Duration::from_secs_f64(seconds);
    }
    let most = usize::try_from(open_files).unwrap_or(usize::MAX).saturating_sub(200);
    profile.sizes.retain(|size| *size <= most);
    profile.held_clients = profile.held_clients.min(most);
    profile
}

fn find_places_of_servers(args: &RunArgs) -> anyhow::Result<Places> {
    let peers = std::path::absolute(&args.places.peers)?;
    install_peers_when_absent(&peers)?;
    let admin_url = args.database_url.clone().filter(|url| !url.is_empty()).or_else(|| {
        let usual = BenchDatabase::create_on_postgres_server(USUAL_ADMIN_URL);
        usual.is_ok().then(|| USUAL_ADMIN_URL.to_owned())
    });
    if admin_url.is_none() {
        print_line_on_stdout(
            "No Postgres found: Owl Post runs on its embedded one, the seed's design not at all",
        );
    }
    let owlpost = std::path::absolute(&args.places.server)?;
    if !owlpost.is_file() {
        bail!("{} is not there: build it first", owlpost.display());
    }
    Ok(Places { owlpost, peers, admin_url })
}

fn install_peers_when_absent(peers: &Path) -> anyhow::Result<()> {
    if peers.join("node_modules").is_dir() {
        return Ok(());
    }
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(peers)
        .status()
        .context("npm is not installed, and the JavaScript peers need it")?;
    if status.success() { Ok(()) } else { bail!("npm ci failed in {}", peers.display()) }
}

fn write_document_from_notebook(notebook: &Notebook, places: &DocumentArgs) -> anyhow::Result<()> {
    let facts = gather_facts_of_run(list_versions_of_servers(places));
    replace_report_in_document(&places.document, &write_report_as_markdown(notebook, &facts))?;
    print_line_on_stdout(format_args!("Written to {}", places.document.display()));
    Ok(())
}

fn gather_facts_of_run(versions: Vec<(String, String)>) -> RunFacts {
    RunFacts {
        machine: describe_machine_in_line(),
        versions,
        command: describe_command_that_ran(),
        date: chrono::Utc::now().format("%Y-%m-%d").to_string(),
    }
}

/// As it was typed, but for where things are on this machine.
fn describe_command_that_ran() -> String {
    let arguments = std::env::args().skip(1).map(|argument| {
        let path = Path::new(&argument);
        let name = path.file_name().filter(|_| path.is_absolute());
        name.map_or_else(|| argument.clone(), |name| name.to_string_lossy().into_owned())
    });
    format!("owlpost-bench {}", arguments.collect::<Vec<_>>().join(" "))
}

fn list_versions_of_servers(places: &DocumentArgs) -> Vec<(String, String)> {
    let mut versions = vec![
        ("owlpost".to_owned(), read_version_of_program(&places.server.to_string_lossy())),
        ("node".to_owned(), read_version_of_program("node")),
        ("Postgres".to_owned(), read_version_of_program("psql")),
    ];
    for package in ["socket.io", "express", "pg", "bun", "@socket.io/bun-engine"] {
        let path = places.peers.join("node_modules").join(package).join("package.json");
        let version = std::fs::read_to_string(path)
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
            .and_then(|package| package["version"].as_str().map(str::to_owned));
        versions.push((package.to_owned(), version.unwrap_or_else(|| "not installed".to_owned())));
    }
    versions
}
