//! A disk that can be full.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tokio::process::Command;

use crate::scenario::NotRun;

/// What the disk is filled with, a piece at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Once a piece has no room, smaller ones may: the disk is full when not even this many bytes have.
const LAST_BYTES: usize = 512;

/// A file system in memory, of a size of its own. Dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    directory: TempDir,
}

impl SmallDisk {
    /// Mounts it, which only root may.
    pub async fn mount_with_megabytes(megabytes: u32) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("owlpost-faults-disk").tempdir()?;
        let options = format!("size={megabytes}M,mode=0755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "owlpost-faults"])
            .arg(directory.path())
            .output()
            .await;
        match mounted {
            Ok(output) if output.status.success() => Ok(Self { directory }),
            Ok(output) => {
                let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(NotRun(format!("no disk can be mounted: {reason}")).into())
            }
            Err(error) => Err(NotRun(format!("no disk can be mounted: {error}")).into()),
        }
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no room for anything.
    pub fn fill_disk_to_end(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.filler())?;
        let piece = vec![0xA5; PIECE_BYTES];
        let mut bytes = PIECE_BYTES;
        while bytes >= LAST_BYTES {
            match file.write_all(&piece[..bytes]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => bytes /= 2,
                Err(error) => return Err(error).context("the disk cannot be filled"),
            }
        }
        Ok(())
    }

    /// Makes room again.
    pub fn free_space_of_disk(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what was on it may still be closing its files.
        let _ = std::process::Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
