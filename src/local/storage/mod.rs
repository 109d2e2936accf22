//! Layout, cloning and deletion of data directories.
//!
//! ```text
//! root/                         the server's
//!   lakebase.engine             marks the directory as a Lakebase
//!   branches/                   owned, with all below, by the account that runs PostgreSQL
//!     PROJECT/BRANCH/           one branch; appears and disappears by one rename
//!       data/                   its data directory
//!       lineage.json            where its history begins
//!       wal/, bases/            its history
//!       postgres.log            the log of its computes
//!   templates/VERSION/data/     the account's: a fresh cluster, cloned for each project
//!   staging/                    the account's: unfinished directories
//!   trash/                      the account's: directories to delete
//!   run/                        the account's: socket directories
//! ```
//!
//! The account can replace the contents of its directories at any time. So all functions but [`claim`],
//! [`check_secret`] and [`prepare`] run on threads of the account ([`FileWorkers`](super::account::FileWorkers)), and
//! the files that they create belong to the account.

mod clone;
mod control_file;
mod history;
mod layout;
mod own;
mod regular;
mod trash;
mod usage;
mod wal;
mod wal_records;
mod written;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use super::engine_error::EngineError;

pub(crate) use clone::CloneMethod;
pub(super) use clone::{
    Cloned, ClonedSinceCheckpoint, WalSelection, data_size, data_version, logical_size, probe_in,
};
pub(super) use control_file::{ControlFile, format_lsn, parse_lsn};
pub(super) use history::{
    BaseMark, BranchPoint, Chain, HistoryOrigin, Lineage, Replay, Retention, Swept, last_change,
};
pub(crate) use history::{KeptFiles, Trimmed};
pub(super) use layout::{check_secret, claim, prepare};
pub(crate) use own::Blocks;
pub(super) use regular::{append, create, is_directory, is_taken, read_to_string, remove, replace, tail};
pub(crate) use usage::DiskUsage;
pub(super) use wal::{WalRange, segment_ceiling, segment_floor, segments, timeline_switch_point};
pub(crate) use written::{BlockRanges, RelationFile};
pub(super) use written::{FileSizes, Written};

/// Which branch: the uids of its project and its own, both safe as file names.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct BranchKey {
    /// The project's uid.
    pub(crate) project: String,
    /// The branch's uid.
    pub(crate) branch: String,
}

impl BranchKey {
    fn check(&self) -> Result<(), EngineError> {
        [&self.project, &self.branch].into_iter().try_for_each(|part| {
            let fits = (1..=64).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            if fits { Ok(()) } else { Err(EngineError::BadKey { what: part.clone() }) }
        })
    }
}

impl std::fmt::Display for BranchKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.project, self.branch)
    }
}

/// Below this the disk is short: a few branches that are copied, or a burst of WAL.
const LITTLE_SPACE: u64 = 512 << 20;
/// A branch has about a thousand files.
const FEW_INODES: u64 = 4096;

/// The directories of one Lakebase.
#[derive(Debug)]
pub(super) struct Storage {
    root: PathBuf,
    /// Found out when it is first needed, and again where that failed.
    method: OnceLock<CloneMethod>,
    /// Whether acknowledged changes must survive a power cut.
    durable: bool,
    trash: trash::Trash,
    next: AtomicU64,
}

impl Storage {
    /// Opens a prepared root and discards unfinished directories. `durable`: see [`Storage`].
    pub(super) fn open(root: &Path, durable: bool) -> Result<Self, EngineError> {
        let root = fs::canonicalize(root).map_err(EngineError::io("resolve", root))?;
        layout::spread(&root.join("staging"));
        let trash =
            trash::Trash::open(root.join("trash")).map_err(EngineError::io("open", &root.join("trash")))?;
        let storage = Self { root, method: OnceLock::new(), durable, trash, next: AtomicU64::new(0) };
        storage.discard_all_in(&storage.root.join("staging"))?;
        Ok(storage)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The clone method, if it was detected already.
    pub(super) fn known_method(&self) -> Option<CloneMethod> {
        self.method.get().copied()
    }

    /// The clone method.
    ///
    /// # Errors
    ///
    /// If the file system does not say, such as a full one. It is asked again the next time: taken for one that cannot
    /// share extents, it would copy every branch from then on.
    pub(super) fn method(&self) -> Result<CloneMethod, EngineError> {
        if let Some(method) = self.method.get() {
            return Ok(*method);
        }
        let staging = self.root.join("staging");
        let probe = || clone::probe(&staging.join(self.fresh_name()), &staging.join(self.fresh_name()));
        let method = probe().map_err(EngineError::io("find out how files are cloned in", &staging))?;
        Ok(*self.method.get_or_init(|| method))
    }

    /// The directory of a branch, whether it exists or not.
    pub(super) fn branch_dir(&self, key: &BranchKey) -> Result<PathBuf, EngineError> {
        key.check()?;
        Ok(self.root.join("branches").join(&key.project).join(&key.branch))
    }

    /// The directory of a branch that exists.
    pub(super) fn existing(&self, key: &BranchKey) -> Result<PathBuf, EngineError> {
        let dir = self.branch_dir(key)?;
        match is_directory(&dir).map_err(EngineError::io("look for", &dir))? {
            true => Ok(dir),
            false => Err(EngineError::NotFound { what: format!("branch {key}") }),
        }
    }

    /// Every branch on disk.
    pub(super) fn branches(&self) -> Result<Vec<BranchKey>, EngineError> {
        let found = layout::branches(&self.root.join("branches"))?;
        Ok(found.into_iter().map(|(project, branch)| BranchKey { project, branch }).collect())
    }

    pub(super) fn template_dir(&self, name: &str) -> PathBuf {
        self.root.join("templates").join(name)
    }

    /// Creates an empty staging directory, to be renamed by [`publish`](Self::publish) or discarded.
    pub(super) fn create_staging_dir(&self) -> Result<PathBuf, EngineError> {
        let dir = self.root.join("staging").join(self.fresh_name());
        create_private_dir(&dir).map_err(EngineError::io("create", &dir))?;
        Ok(dir)
    }

    /// Moves a staged directory to where it belongs, in one step.
    pub(super) fn publish(&self, staged: &Path, target: &Path) -> Result<(), EngineError> {
        let parent = target.parent().unwrap_or(&self.root);
        self.flush(staged)?;
        // A concurrent deletion of the project's last branch may remove the parent.
        for _ in 0..8 {
            match create_private_dir(parent) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(EngineError::io("create", parent)(error));
                }
                _ => {}
            }
            match fs::rename(staged, target) {
                Ok(()) if self.durable => {
                    return sync_dir(parent).map_err(EngineError::io("flush", parent));
                }
                Ok(()) => return Ok(()),
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound && is_taken(staged).unwrap_or(false) => {}
                Err(error) => return Err(EngineError::io("create", target)(error)),
            }
        }
        Err(EngineError::io("create", target)(io::Error::from(io::ErrorKind::NotFound)))
    }

    /// Has the files of a directory survive a power cut, where that is asked for.
    pub(super) fn flush(&self, dir: &Path) -> Result<(), EngineError> {
        if self.durable { sync_all_of(dir).map_err(EngineError::io("flush", dir)) } else { Ok(()) }
    }

    /// Removes a directory by one rename; its files are deleted in the background.
    pub(super) fn discard(&self, dir: &Path) -> Result<(), EngineError> {
        self.trash.take(dir, &self.fresh_name()).map_err(EngineError::io("remove", dir))?;
        if let Some(parent) =
            dir.parent().filter(|parent| parent.parent() == Some(&self.root.join("branches")))
        {
            // Refused while another branch is in it, which is right.
            let _ = fs::remove_dir(parent);
            if self.durable {
                let _ = sync_dir(&self.root.join("branches"));
            }
        }
        Ok(())
    }

    /// Waits until the trash is empty.
    pub(super) async fn emptied(&self) {
        self.trash.emptied().await;
    }

    /// Ends the deletion of discarded directories after the one at hand; the next start goes on with it.
    pub(super) fn stop_deleting(&self) {
        self.trash.stop();
    }

    /// Waits until only a few directories are in the trash.
    pub(super) async fn wait_for_trash(&self) {
        self.trash.wait_for_room().await;
    }

    /// Clones a data directory.
    pub(super) fn clone_data(
        &self,
        source: &Path,
        target: &Path,
        wal: WalSelection,
    ) -> Result<Cloned, EngineError> {
        clone::clone_data(source, target, wal, self.method()?)
    }

    /// Adds WAL to a clone that was created without it.
    pub(super) fn clone_wal(
        &self,
        source: &Path,
        target: &Path,
        take: WalRange,
    ) -> Result<Cloned, EngineError> {
        clone::clone_wal(source, target, take, self.method()?)
    }

    /// Clones a data directory that a server works in, whose recovery then begins at the last checkpoint that was
    /// complete before.
    pub(super) fn clone_since_checkpoint(
        &self,
        source: &Path,
        target: &Path,
    ) -> Result<ClonedSinceCheckpoint, EngineError> {
        clone::clone_since_checkpoint(source, target, self.method()?)
    }

    /// Whether a clone that replays the WAL between two positions has sequences as its source has them. It has not where
    /// they were used: they are logged ahead.
    pub(super) fn replays_exactly(data: &Path, timeline: u32, from: u64, to: u64) -> bool {
        let set = wal_records::set_sequences(&data.join("pg_wal"), timeline, from, to);
        set.inspect_err(|error| tracing::debug!(%error, "the WAL of a source is not read"))
            .is_ok_and(|set| !set)
    }

    /// Adds the WAL between two positions to a clone, which ends at the second one. `None` if some of it is not there any
    /// more.
    pub(super) fn clone_wal_between(
        &self,
        source: &Path,
        target: &Path,
        positions: (u64, u64),
    ) -> Result<Option<Cloned>, EngineError> {
        clone::clone_wal_between(source, target, positions, self.method()?)
    }

    /// Bytes that a clone of a data directory writes. Shared extents take no space.
    pub(super) fn clone_size(&self, source: &Path) -> Result<u64, EngineError> {
        match self.method()? {
            CloneMethod::Reflink => Ok(0),
            CloneMethod::Copy => clone::data_size(source),
        }
    }

    /// Refuses to write so many bytes if little space would be left.
    pub(super) fn check_space(&self, written: u64) -> Result<(), EngineError> {
        if written == 0 {
            return Ok(());
        }
        let (needed, free) = (written + clone::RESERVE, self.free_space()?);
        if needed > free { Err(EngineError::DiskFull { needed, free }) } else { Ok(()) }
    }

    /// Bytes free for us on the file system.
    pub(super) fn free_space(&self) -> Result<u64, EngineError> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|error| EngineError::io("measure", &self.root)(error.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Whether another branch, or what PostgreSQL writes soon, may not fit.
    pub(super) fn is_short_of_space(&self) -> Result<bool, EngineError> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|error| EngineError::io("measure", &self.root)(error.into()))?;
        // File systems that make inodes as they are needed report none.
        let few_inodes = stat.f_files > 0 && stat.f_favail < FEW_INODES;
        Ok(few_inodes || stat.f_bavail.saturating_mul(stat.f_frsize) < LITTLE_SPACE)
    }

    fn discard_all_in(&self, dir: &Path) -> Result<(), EngineError> {
        for name in names_in(dir).map_err(EngineError::io("list", dir))? {
            self.discard(&dir.join(name))?;
        }
        Ok(())
    }

    /// Unique among the directories of this root: what a former server left is cleared at the start.
    fn fresh_name(&self) -> String {
        format!(
            "{}-{}-{:08x}",
            std::process::id(),
            self.next.fetch_add(1, Ordering::Relaxed),
            fastrand::u32(..)
        )
    }
}

/// Creates a directory that its owner alone can enter.
fn create_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)
}

pub(super) fn names_in(dir: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(dir)?
        .filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose())
        .collect()
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    regular::open_dir(dir)?.sync_all()
}

/// One call for the whole file system costs far less than one for each of a thousand files.
#[cfg(target_os = "linux")]
fn sync_all_of(dir: &Path) -> io::Result<()> {
    rustix::fs::syncfs(regular::open_dir(dir)?).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn sync_all_of(dir: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(dir) {
        let entry = entry?;
        if !entry.file_type().is_symlink() {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path, durable: bool) -> Storage {
        claim(root).unwrap();
        prepare(root, None).unwrap();
        Storage::open(root, durable).unwrap()
    }

    fn key(project: &str, branch: &str) -> BranchKey {
        BranchKey { project: project.into(), branch: branch.into() }
    }

    #[test]
    fn keys_that_leave_the_directory_are_refused() {
        for bad in ["", "..", ".", "a/b", "a\0b", "ü", &"x".repeat(65)] {
            assert!(key("p", bad).check().is_err(), "{bad:?}");
            assert!(key(bad, "b").check().is_err(), "{bad:?}");
        }
        key("0190-ab_C", "br-1").check().unwrap();
    }

    #[test]
    fn a_branch_appears_and_disappears_whole() {
        let root = tempfile::tempdir().unwrap();
        let storage = open(root.path(), true);
        let key = key("p", "b");
        let staged = storage.create_staging_dir().unwrap();
        fs::write(staged.join("file"), "x").unwrap();
        storage.publish(&staged, &storage.branch_dir(&key).unwrap()).unwrap();
        assert_eq!(storage.branches().unwrap(), std::slice::from_ref(&key));
        storage.discard(&storage.existing(&key).unwrap()).unwrap();
        assert_eq!(storage.branches().unwrap(), []);
        assert!(!root.path().join("branches/p").exists());
    }

    #[test]
    fn a_branch_that_cannot_be_looked_for_is_not_missing() {
        let root = tempfile::tempdir().unwrap();
        let storage = open(root.path(), false);
        assert!(matches!(storage.existing(&key("p", "b")), Err(EngineError::NotFound { .. })));
        fs::write(root.path().join("branches/p"), "").unwrap();
        let error = storage.existing(&key("p", "b")).unwrap_err();
        assert!(matches!(error, EngineError::Io { .. }), "{error:?}");
    }

    #[test]
    fn a_disk_that_does_not_say_how_files_are_cloned_is_asked_again() {
        let root = tempfile::tempdir().unwrap();
        let storage = open(root.path(), false);
        let (staging, away) = (root.path().join("staging"), root.path().join("away"));
        fs::rename(&staging, &away).unwrap();
        let error = storage.method().unwrap_err();
        assert!(matches!(error, EngineError::Io { .. }), "not taken for full copies: {error:?}");
        fs::rename(&away, &staging).unwrap();
        storage.method().unwrap();
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    }

    #[test]
    fn what_was_half_made_is_gone_after_a_restart() {
        let root = tempfile::tempdir().unwrap();
        let staged = open(root.path(), false).create_staging_dir().unwrap();
        let storage = open(root.path(), false);
        assert!(!staged.exists());
        assert_eq!(storage.branches().unwrap(), []);
    }
}
