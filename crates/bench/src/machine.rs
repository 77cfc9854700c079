//! What the run ran on.

use std::{fs, process::Command};

/// Processor time the whole machine has spent working, in microseconds.
pub fn read_busy_time_of_machine() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let idle: u64 = fields.iter().skip(3).take(2).sum();
    let busy = fields.iter().take(8).sum::<u64>() - idle;
    Ok(busy * 10_000)
}

/// Processor time of this process, in microseconds.
pub fn read_own_processor_time() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    Ok(sum_processor_time_of_stat(&stat))
}

/// Processor time of all processes of a program, in microseconds: those that live now.
pub fn read_processor_time_of_program(name: &str) -> u64 {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let named = format!("({name})");
    processes
        .filter_map(|process| fs::read_to_string(process.ok()?.path().join("stat")).ok())
        .filter(|stat| stat.contains(&named))
        .map(|stat| sum_processor_time_of_stat(&stat))
        .sum()
}

/// User and system time are the 12th and 13th field after the name in parentheses, which may hold anything.
fn sum_processor_time_of_stat(stat: &str) -> u64 {
    let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = rest.split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 10_000
}

/// Processors, memory and kernel in a line.
pub fn describe_machine_in_line() -> String {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read_first_named_value("/proc/cpuinfo", "model name");
    let memory: u64 = read_first_named_value("/proc/meminfo", "MemTotal")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse().ok())
        .unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release: Vec<&str> = kernel.trim().split('.').take(2).collect();
    format!("{processors} × {model}, {} GiB, Linux {}", memory.div_ceil(1 << 20), release.join("."))
}

/// The first line a program answers `--version` with.
pub fn read_version_of_program(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.lines().next().map(str::to_owned))
        .unwrap_or_else(|| "not installed".to_owned())
}

fn read_first_named_value(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(known, _)| known.trim() == name)
        .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
