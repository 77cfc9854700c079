//! The data directory: held by one process at a time, readable by its owner alone.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::config::MIN_SECRET_BYTES;

const LOCK_FILE: &str = "owlpost.lock";
const SECRET_FILE: &str = "jwt-secret";
const SECRET_BYTES: usize = 48;

/// The data directory, held by this process until dropped.
///
/// The lock is the operating system's own on an open file, so it ends with the process however that ends:
/// a `kill -9` leaves nothing behind that would stop the next start.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Another process holds the data directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "the data directory {0} is held by another process: an Owl Post server is running on it. While it runs, change \
     a role with PATCH /api/users/:id {{ \"role\": \"...\" }} as an Auror and make users with POST /api/auth/register, \
     or stop it first"
)]
pub struct DataDirHeld(String);

impl DataDir {
    /// Makes the directory if needed and takes its lock.
    pub fn open_with_exclusive_lock(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        create_directory_for_owner(path).with_context(|| {
            format!(
                "OWLPOST_DATA_DIR (--data-dir) {shown:?}: should be a directory that can be written"
            )
        })?;
        keep_directory_from_others(path).with_context(|| {
            format!("OWLPOST_DATA_DIR (--data-dir) {shown:?}: others can read it, and it is not ours to change")
        })?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = open_file_for_owner(&mut options, &path.join(LOCK_FILE)).with_context(|| {
            format!(
                "OWLPOST_DATA_DIR (--data-dir) {shown:?}: should be a directory that can be written"
            )
        })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirHeld(shown).into()),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("the data directory {shown} cannot be locked"))
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The signing secret kept here; makes one the first time.
    pub fn read_or_generate_jwt_secret(&self) -> anyhow::Result<String> {
        let path = self.path.join(SECRET_FILE);
        match fs::read_to_string(&path) {
            Ok(secret) if secret.trim().len() >= MIN_SECRET_BYTES => Ok(secret.trim().to_owned()),
            Ok(_) => bail!(
                "{} should hold a secret of at least {MIN_SECRET_BYTES} bytes: delete it to have one generated, \
                 which ends every session",
                path.display()
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_new_secret_to_file(&path)
            }
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }
}

/// Written beside its place and renamed into it: a crash leaves either no secret or a whole one.
fn write_new_secret_to_file(path: &Path) -> anyhow::Result<String> {
    let mut bytes = [0u8; SECRET_BYTES];
    rand::fill(&mut bytes[..]);
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let unfinished = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        let mut file = open_file_for_owner(&mut options, &unfinished)?;
        file.write_all(secret.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(secret)
}

#[cfg(unix)]
fn create_directory_for_owner(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_directory_for_owner(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// A directory that was there before may be open to others; what is in it is the whole database and the secret.
#[cfg(unix)]
fn keep_directory_from_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), "the data directory was open to others, and is closed now");
    fs::set_permissions(path, fs::Permissions::from_mode(mode & !0o077))
}

#[cfg(not(unix))]
fn keep_directory_from_others(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn open_file_for_owner(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600).open(path)
}

#[cfg(not(unix))]
fn open_file_for_owner(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_keep_one_secret_per_directory() {
        let temp = tempfile::tempdir().expect("temp dir");
        let dir = DataDir::open_with_exclusive_lock(&temp.path().join("data")).expect("data dir");
        let first = dir.read_or_generate_jwt_secret().expect("secret");
        assert!(first.len() >= MIN_SECRET_BYTES);
        assert_eq!(dir.read_or_generate_jwt_secret().expect("secret"), first);
    }

    #[cfg(unix)]
    #[test]
    fn should_let_only_the_owner_read_the_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let temp = tempfile::tempdir().expect("temp dir");
        let dir = DataDir::open_with_exclusive_lock(&temp.path().join("data")).expect("data dir");
        dir.read_or_generate_jwt_secret().expect("secret");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join(SECRET_FILE)), 0o600);
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[test]
    fn should_refuse_a_directory_that_is_held() {
        let temp = tempfile::tempdir().expect("temp dir");
        let held = DataDir::open_with_exclusive_lock(temp.path()).expect("data dir");
        let error = DataDir::open_with_exclusive_lock(temp.path()).expect_err("is held");
        assert!(error.to_string().contains("PATCH /api/users/:id"), "{error}");
        drop(held);
        DataDir::open_with_exclusive_lock(temp.path()).expect("free again");
    }

    #[test]
    fn should_refuse_a_secret_that_is_too_short() {
        let temp = tempfile::tempdir().expect("temp dir");
        let dir = DataDir::open_with_exclusive_lock(temp.path()).expect("data dir");
        fs::write(temp.path().join(SECRET_FILE), "short").expect("write");
        assert!(dir.read_or_generate_jwt_secret().is_err());
    }
}
