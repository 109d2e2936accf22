//! Cloning of a data directory: by shared extents if the file system supports them, else by copying.

mod wal_files;

use std::{
    fs::{self, File},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread::{self, available_parallelism},
};

use rustix::io::Errno;

use super::{control_file::ControlFile, create_private_dir, regular, wal::WalRange};
use crate::local::engine_error::EngineError;

/// How files are cloned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum CloneMethod {
    /// Shared extents: time and space do not grow with the data.
    Reflink,
    /// Every byte is copied.
    Copy,
}

/// The part of the source's WAL that is cloned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::local) enum WalSelection {
    /// The source is shut down: only the WAL that its next start needs is cloned.
    SinceCheckpoint,
    /// The WAL is added later, because a server still writes it or because other WAL is used.
    None,
}

/// The cost of a clone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::local) struct Cloned {
    /// Bytes written, as opposed to shared.
    pub(in crate::local) bytes_added: u64,
}

/// Left free by a copy, for what the new branch writes first.
pub(super) const RESERVE: u64 = 64 << 20;

/// PostgreSQL recreates these at every start, or rejects old contents.
const EMPTY_DIRS: [&str; 7] =
    ["pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans"];
const SKIPPED_FILES: [&str; 6] = [
    "postmaster.pid",
    "postmaster.opts",
    "backup_label.old",
    "tablespace_map.old",
    "pg_internal.init",
    "current_logfiles",
];

/// Finds out whether files in a directory can share extents, by two new files in it.
pub(super) fn probe(from: &Path, to: &Path) -> io::Result<CloneMethod> {
    let shared = fs::write(from, [7_u8; 8192]).and_then(|()| reflink_copy::reflink(from, to));
    let _ = fs::remove_file(from);
    let _ = fs::remove_file(to);
    match shared {
        Ok(()) => Ok(CloneMethod::Reflink),
        Err(error) if cannot_share(&error) => Ok(CloneMethod::Copy),
        Err(error) => Err(error),
    }
}

/// Finds out whether files in a directory that is not of a Lakebase yet can share extents.
pub(in crate::local) fn probe_in(dir: &Path) -> io::Result<CloneMethod> {
    let draft = tempfile::Builder::new().prefix("lakebase-").tempdir_in(dir)?;
    probe(&draft.path().join("from"), &draft.path().join("to"))
}

/// Whether an error means that file system or kernel do not support shared extents, rather than a failure.
fn cannot_share(error: &io::Error) -> bool {
    let of_the_system = Errno::from_io_error(error).is_some_and(|errno| {
        // From file systems without the call, old kernels, system call filters, and overlays over several disks.
        [Errno::OPNOTSUPP, Errno::NOTSUP, Errno::NOTTY, Errno::NOSYS, Errno::INVAL, Errno::PERM, Errno::XDEV]
            .contains(&errno)
    });
    of_the_system || error.kind() == io::ErrorKind::Unsupported
}

/// Bytes in a data directory, without WAL, most of which a clone shares.
pub(in crate::local) fn data_size(data: &Path) -> Result<u64, EngineError> {
    let measure = || {
        let mut total = 0;
        for entry in fs::read_dir(data)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && entry.file_name() != "pg_wal" {
                total += missing_as_zero(tree_size(&entry.path()))?;
            }
        }
        Ok(total)
    };
    measure().map_err(EngineError::io("measure", data))
}

/// Bytes in a tree.
fn tree_size(dir: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        total += missing_as_zero(entry.and_then(|entry| {
            if entry.file_type()?.is_dir() { tree_size(&entry.path()) } else { Ok(entry.metadata()?.len()) }
        }))?;
    }
    Ok(total)
}

/// Bytes of tables and indexes in a data directory, without WAL.
pub(in crate::local) fn logical_size(data: &Path) -> Result<u64, EngineError> {
    ["base", "global"]
        .into_iter()
        .map(|name| data.join(name))
        .map(|dir| tree_size(&dir).map_err(EngineError::io("measure", &dir)))
        .sum()
}

/// A server removes files while we look.
fn missing_as_zero(size: io::Result<u64>) -> io::Result<u64> {
    match size {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        other => other,
    }
}

/// Clones the data directory `source` into the new directory `target`.
pub(super) fn clone_data(
    source: &Path,
    target: &Path,
    wal: WalSelection,
    method: CloneMethod,
) -> Result<Cloned, EngineError> {
    let job = Job::new(method, wal == WalSelection::None);
    let tablespaces = source.join("pg_tblspc");
    if fs::read_dir(&tablespaces).map_err(EngineError::io("list", &tablespaces))?.next().is_some() {
        let reason =
            "the source has tablespaces, which lie outside its data directory; drop them first".to_owned();
        return Err(EngineError::Unsupported { reason });
    }
    let mut files = Vec::new();
    job.directory(source, target, 0, &mut files)?;
    job.files(&files)?;
    // Last, because a running server keeps writing it, and it must refer only to files that are cloned already.
    job.control_file(source, target)?;
    let log = target.join("pg_wal");
    create_private_dir(&log).map_err(EngineError::io("create", &log))?;
    let status = log.join("archive_status");
    create_private_dir(&status).map_err(EngineError::io("create", &status))?;
    if wal == WalSelection::SinceCheckpoint {
        let all = WalRange::at_rest(source)?;
        job.wal(source, target, WalRange { from: all.finished, ..all })?;
    }
    Ok(job.done())
}

/// A clone of a data directory in which a server worked meanwhile.
pub(in crate::local) struct ClonedSinceCheckpoint {
    /// The control file as it was before all others were cloned.
    pub(in crate::local) control: Vec<u8>,
    /// Where replay begins.
    pub(in crate::local) redo: u64,
    pub(in crate::local) cloned: Cloned,
}

/// Clones a data directory in which a server works, without WAL.
///
/// Its control file is read before all other files, so that its recovery begins at a checkpoint that was complete then; a
/// page that was torn by the clone is restored from its full-page image, which every page that changed after that
/// checkpoint has in the WAL.
pub(super) fn clone_since_checkpoint(
    source: &Path,
    target: &Path,
    method: CloneMethod,
) -> Result<ClonedSinceCheckpoint, EngineError> {
    let control = ControlFile::stable_bytes(source)?;
    let redo = ControlFile::of(&control, source)?.redo;
    let cloned = clone_data(source, target, WalSelection::None, method)?;
    let path = target.join("global/pg_control");
    regular::replace(&path, &control).map_err(EngineError::io("write", &path))?;
    Ok(ClonedSinceCheckpoint { control, redo, cloned })
}

/// Adds the WAL between two positions to a clone that was created without it; `None` if some of it is not there any more.
pub(super) fn clone_wal_between(
    source: &Path,
    target: &Path,
    (from, to): (u64, u64),
    method: CloneMethod,
) -> Result<Option<Cloned>, EngineError> {
    let job = Job::new(method, true);
    let complete = job.wal_between(source, target, from, to)?;
    Ok(complete.then(|| job.done()))
}

/// Adds WAL to a clone that was created without it.
pub(super) fn clone_wal(
    source: &Path,
    target: &Path,
    take: WalRange,
    method: CloneMethod,
) -> Result<Cloned, EngineError> {
    let job = Job::new(method, true);
    job.wal(source, target, take)?;
    Ok(job.done())
}

struct Job {
    method: CloneMethod,
    live: bool,
    bytes_added: AtomicU64,
}

/// A file and the new one that becomes its clone.
type Pair = (PathBuf, PathBuf);

/// More threads would only wait for each other in the file system.
const MAX_THREADS: usize = 4;

impl Job {
    fn new(method: CloneMethod, live: bool) -> Self {
        Self { method, live, bytes_added: AtomicU64::new(0) }
    }

    fn done(self) -> Cloned {
        Cloned { bytes_added: self.bytes_added.into_inner() }
    }

    /// Creates the directories and lists the files to copy into them.
    fn directory(
        &self,
        source: &Path,
        target: &Path,
        depth: u32,
        files: &mut Vec<Pair>,
    ) -> Result<(), EngineError> {
        create_private_dir(target).map_err(EngineError::io("create", target))?;
        let entries = match fs::read_dir(source) {
            Err(error) if self.live && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(EngineError::io("list", source))?,
        };
        for entry in entries {
            let entry = entry.map_err(EngineError::io("list", source))?;
            let name = entry.file_name();
            let (from, to) = (source.join(&name), target.join(&name));
            let kind = entry.file_type().map_err(EngineError::io("read", &from))?;
            let top = depth == 0;
            if kind.is_symlink() {
                let reason = format!("{} is a symbolic link", from.display());
                return Err(EngineError::Unsupported { reason });
            } else if kind.is_dir() && top && EMPTY_DIRS.iter().any(|dir| name == *dir) {
                create_private_dir(&to).map_err(EngineError::io("create", &to))?;
            } else if kind.is_dir() && !(top && name == "pg_wal") && name != "pgsql_tmp" {
                self.directory(&from, &to, depth + 1, files)?;
            } else if kind.is_file() && !skipped(name.as_bytes()) {
                files.push((from, to));
            }
        }
        Ok(())
    }

    /// Clones files on several threads. Each has neighbours, so that few of them work in one directory.
    fn files(&self, files: &[Pair]) -> Result<(), EngineError> {
        let threads = available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let clone = |files: &[Pair]| files.iter().try_for_each(|(from, to)| self.file(from, to));
        thread::scope(|scope| {
            let mut shares = files.chunks(files.len().div_ceil(threads).max(1));
            let own = shares.next().unwrap_or_default();
            let others: Vec<_> = shares
                .map(|share| (share, thread::Builder::new().spawn_scoped(scope, move || clone(share))))
                .collect();
            let mut all = clone(own);
            for (share, thread) in others {
                let cloned = match thread {
                    Ok(thread) => {
                        thread.join().unwrap_or_else(|_| Err(EngineError::failed("the work broke off")))
                    }
                    // There may be no thread left for it.
                    Err(_) => clone(share),
                };
                all = all.and(cloned);
            }
            all
        })
    }

    fn file(&self, from: &Path, to: &Path) -> Result<(), EngineError> {
        let source = match regular::open(from) {
            // Dropped meanwhile; the WAL says so too.
            Err(error) if self.live && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            source => source.map_err(EngineError::io("read", from))?,
        };
        self.clone_file(&source, to).map_err(EngineError::io("clone to", to))
    }

    fn clone_file(&self, source: &File, to: &Path) -> io::Result<()> {
        let length = source.metadata()?.len();
        if self.method == CloneMethod::Reflink && !cfg!(target_os = "linux") {
            return reflink_copy::reflink_file_to_path(source, to);
        }
        let mut target = regular::create(to)?;
        match self.method {
            _ if length == 0 => {}
            CloneMethod::Reflink => reflink_copy::reflink_file(source, &target)?,
            CloneMethod::Copy => {
                let mut source = source;
                self.added(io::copy(&mut source, &mut target)?);
            }
        }
        Ok(())
    }

    fn control_file(&self, source: &Path, target: &Path) -> Result<(), EngineError> {
        let to = target.join("global/pg_control");
        let bytes = ControlFile::stable_bytes(source)?;
        let mut file = regular::create(&to).map_err(EngineError::io("create", &to))?;
        io::Write::write_all(&mut file, &bytes).map_err(EngineError::io("write", &to))?;
        self.added(bytes.len() as u64);
        Ok(())
    }

    fn added(&self, bytes: u64) {
        self.bytes_added.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether a server may remove files during the copy.
    fn is_live(&self) -> bool {
        self.live
    }
}

fn skipped(name: &[u8]) -> bool {
    SKIPPED_FILES.iter().any(|file| file.as_bytes() == name)
        || name == b"pg_control"
        || name.starts_with(b"pg_internal.init")
        || name.starts_with(b"pgsql_tmp")
        || is_temporary_relation(name)
}

/// Tables of a session, `t3_16384`, which no other session can read.
fn is_temporary_relation(name: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(b"t") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(digits) == Some(&b'_')
}

/// The major version of the cluster in a data directory.
pub(in crate::local) fn data_version(data: &Path) -> Result<u32, EngineError> {
    let path = data.join("PG_VERSION");
    let text = regular::read_to_string(&path).map_err(EngineError::io("read", &path))?;
    text.trim()
        .parse()
        .map_err(|_| EngineError::Unsupported { reason: format!("{} says {text:?}", path.display()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_postgres_remakes_are_left_out() {
        for name in [
            "postmaster.pid",
            "pg_internal.init",
            "pg_internal.init.77",
            "t3_16384",
            "t12_1_fsm",
            "pgsql_tmp1.2",
        ] {
            assert!(skipped(name.as_bytes()), "{name}");
        }
        for name in ["16384", "PG_VERSION", "t_1", "pg_filenode.map"] {
            assert!(!skipped(name.as_bytes()), "{name}");
        }
    }
}
