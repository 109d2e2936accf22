//! Where is measured: the temporary directory, and an XFS of our own.

use std::{
    fs::{File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use rustix::fs::{StatVfs, statfs, statvfs, syncfs};
use tempfile::TempDir;

use super::Result;

/// A directory for data, gone when dropped, with what is mounted on it.
pub(crate) struct Disk {
    /// The kind of file system, as people call it.
    pub(crate) name: &'static str,
    pub(crate) dir: PathBuf,
    mounted: bool,
    _temporary: TempDir,
}

/// Beside the data: a hundred branches, and what is written while they are made.
const ROOM_MB: u64 = 4 * 1024;

impl Disk {
    pub(crate) fn temporary() -> Result<Self> {
        let temporary = open_directory()?;
        let dir = temporary.path().to_owned();
        Ok(Self { name: kind_of(&dir)?, dir, mounted: false, _temporary: temporary })
    }

    /// Large enough for databases of these sizes in megabytes.
    pub(crate) fn xfs(sizes: &[u64]) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Err("mounting an image takes root".into());
        }
        let temporary = open_directory()?;
        let megabytes = ROOM_MB + sizes.iter().sum::<u64>() * 5 / 4;
        let free = available(&statvfs(temporary.path())?) >> 20;
        if free < megabytes {
            return Err(format!(
                "the image may grow to {megabytes} MB and {} has {free} MB free; set TMPDIR or use --quick",
                temporary.path().display()
            )
            .into());
        }
        let (image, dir) = (temporary.path().join("image"), temporary.path().join("xfs"));
        File::create(&image)?.set_len(megabytes << 20)?;
        std::fs::create_dir(&dir)?;
        run("mkfs.xfs", Command::new("mkfs.xfs").args(["-q", "-m", "reflink=1"]).arg(&image))
            .map_err(|error| format!("{error}; on Debian: apt-get install xfsprogs"))?;
        run("mount", Command::new("mount").args(["-o", "loop"]).arg(&image).arg(&dir))?;
        let disk = Self { name: "XFS", dir, mounted: true, _temporary: temporary };
        std::fs::set_permissions(&disk.dir, Permissions::from_mode(0o755))?;
        Ok(disk)
    }

    /// Waits until everything is written.
    pub(crate) fn sync(&self) -> Result<()> {
        Ok(syncfs(File::open(&self.dir)?)?)
    }

    /// Bytes in use, once everything is written.
    pub(crate) fn used(&self) -> Result<u64> {
        self.sync()?;
        let stat = statvfs(&self.dir)?;
        Ok((stat.f_blocks - stat.f_bfree) * stat.f_frsize)
    }

    pub(crate) fn free(&self) -> Result<u64> {
        Ok(available(&statvfs(&self.dir)?))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if !self.mounted {
            return;
        }
        // Computes that are just ending keep it busy for a moment.
        for _ in 0..100 {
            if Command::new("umount").arg("-q").arg(&self.dir).status().is_ok_and(|status| status.success()) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = Command::new("umount").arg("--lazy").arg(&self.dir).status();
    }
}

/// PostgreSQL's account has to get through.
fn open_directory() -> Result<TempDir> {
    let dir = tempfile::Builder::new().prefix("lakebase-bench-").tempdir()?;
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755))?;
    Ok(dir)
}

fn available(stat: &StatVfs) -> u64 {
    stat.f_bavail * stat.f_frsize
}

fn kind_of(dir: &Path) -> Result<&'static str> {
    // The magic numbers of statfs(2).
    Ok(match statfs(dir)?.f_type {
        0xEF53 => "ext4",
        0x5846_5342 => "XFS",
        0x9123_683E => "Btrfs",
        0x0102_1994 => "tmpfs",
        0x794C_7630 => "overlayfs",
        _ => "temporary directory",
    })
}

fn run(name: &str, command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}
