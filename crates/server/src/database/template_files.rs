//! The files that the embedded database begins with.
//!
//! The library shows a template in its cache below the data directory, and copies a file of it when Postgres first opens
//! it, also to read. On a full disk such a copy ends in the middle, and what is left of it hides the template: the
//! database is broken for good. So every file is copied at the start, each whole or not at all.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// Where the library keeps the files of the database, below its root.
const FILES_BELOW_ROOT: &str = "tmp/pglite/base";
/// What the library writes there when it shows a template.
const MANIFEST: &str = ".pglite-oxide-pgdata-overlay.json";
/// In that, the name of the template.
const TEMPLATE_FIELD: &str = "templateArchiveSha256";
/// Where templates are, below the library's cache.
const TEMPLATES: &str = "pgdata-template";
/// Names of unfinished copies end so.
const UNFINISHED: &str = ".owlpost-copy";
/// What the library writes beside a file that was removed: the template has it still.
const REMOVED: &str = ".wh.";
/// What belongs to a Postgres that runs.
const OF_RUNNING: &str = "postmaster.";
/// Says that everything was copied: what is missing from then on, Postgres has removed.
const COPIED: &str = ".owlpost-template-copied";

/// Copies what is not there yet of the template below `root`, once. Call it while no connection is open.
pub(super) fn copy_template_files_below(root: &Path) -> anyhow::Result<()> {
    let files = root.join(FILES_BELOW_ROOT);
    if root.join(COPIED).exists() {
        return Ok(());
    }
    let Ok(manifest) = fs::read_to_string(files.join(MANIFEST)) else { return Ok(()) };
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).context("the manifest of the database's template")?;
    let name = manifest.get(TEMPLATE_FIELD).and_then(serde_json::Value::as_str);
    let template = name.and_then(find_template_of_library).context("no template is found")?;
    copy_missing_files_from(&template, &files)?;
    fs::write(root.join(COPIED), name.unwrap_or_default()).context("the template is copied")
}

fn find_template_of_library(name: &str) -> Option<PathBuf> {
    let directories = directories::ProjectDirs::from("dev", "pglite-oxide", "pglite-oxide")?;
    let formats = fs::read_dir(directories.cache_dir().join(TEMPLATES)).ok()?;
    formats
        .filter_map(|format| Some(format.ok()?.path().join(name).join("base")))
        .find(|template| template.join("PG_VERSION").is_file())
}

fn copy_missing_files_from(template: &Path, files: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(files).with_context(|| files.display().to_string())?;
    for entry in fs::read_dir(template).with_context(|| template.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        let mut removed = OsStr::new(REMOVED).to_owned();
        removed.push(&name);
        if files.join(removed).exists() || name.to_string_lossy().starts_with(OF_RUNNING) {
            continue;
        }
        let (from, to) = (entry.path(), files.join(&name));
        if entry.file_type()?.is_dir() {
            copy_missing_files_from(&from, &to)?;
        } else if !to.exists() {
            copy_file_whole_or_not(&from, &to).with_context(|| to.display().to_string())?;
        }
    }
    Ok(())
}

fn copy_file_whole_or_not(from: &Path, to: &Path) -> io::Result<()> {
    let mut unfinished = to.file_name().unwrap_or(OsStr::new("file")).to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = to.with_file_name(unfinished);
    let copied = fs::copy(from, &unfinished).and_then(|_| fs::rename(&unfinished, to));
    if copied.is_err() {
        // What is left of it takes room that is wanted.
        let _ = fs::remove_file(&unfinished);
    }
    copied
}
