//! The default data directory, and the lock that gives a data directory one owner.

use std::{
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use super::LocalError;
use crate::local::account::FileWorkers;

const VARIABLE: &str = "LAKEBASE_LOCAL_DIR";
const LOCK_FILE: &str = "lakebase.lock";
/// Root's own folders are closed to the account that runs PostgreSQL.
const ROOTS_PLACE: &str = "/var/lib/lakebase";

/// The data directory when none is named: `LAKEBASE_LOCAL_DIR`, else the user's data folder; for root
/// `/var/lib/lakebase`, which the account that runs PostgreSQL can reach.
///
/// # Errors
///
/// [`LocalError::NoHome`] when the user has no home directory.
///
/// # Examples
///
/// ```no_run
/// println!("{}", lakebase::local::default_data_dir()?.display());
/// # Ok::<(), lakebase::local::LocalError>(())
/// ```
pub fn default_data_dir() -> Result<PathBuf, LocalError> {
    if let Some(dir) = env::var_os(VARIABLE).filter(|dir| !dir.is_empty()) {
        return Ok(dir.into());
    }
    if rustix::process::geteuid().is_root() {
        return Ok(ROOTS_PLACE.into());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|_| LocalError::NoHome)?;
    Ok(strategy.data_dir().join("lakebase"))
}

/// Held by the one process that serves a data directory; the system takes it back when that process ends.
///
/// Locked are the directory itself, which cannot be replaced by another while its files are in use, and a file
/// in it, for file systems that lock no directories. That file alone could be removed, and another one locked.
pub(super) struct Lock {
    files: Vec<File>,
}

/// Unlocks explicitly: a child process that has not executed its program yet holds copies of the descriptors, so that
/// closing ours would not release the lock.
impl Drop for Lock {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = file.unlock();
        }
    }
}

impl Lock {
    /// Takes the lock off the async threads; `None` when another process holds it.
    pub(super) async fn take(dir: &Path) -> Result<Option<Self>, LocalError> {
        let dir = dir.to_owned();
        FileWorkers::privileged().run(move || Self::take_here(&dir)).await
    }

    fn take_here(dir: &Path) -> Result<Option<Self>, LocalError> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = dir.join(LOCK_FILE);
        let create =
            || OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        // An early return drops it, which releases the locks taken so far.
        let mut lock = Self { files: Vec::new() };
        match locked(|| File::open(dir), dir, File::try_lock) {
            Ok(Some(file)) => lock.files.push(file),
            Ok(None) => return Ok(None),
            Err(error) => locks_no_directories(dir, &error),
        }
        match locked(create, &path, File::try_lock) {
            Ok(Some(file)) => lock.files.push(file),
            Ok(None) => return Ok(None),
            Err(source) => return Err(LocalError::DataDir { action: "lock", path, source }),
        }
        Ok(Some(lock))
    }
}

/// Whether a process serves this data directory now.
pub(super) async fn is_served(dir: &Path) -> Result<bool, LocalError> {
    let dir = dir.to_owned();
    FileWorkers::privileged().run(move || is_served_here(&dir)).await
}

fn is_served_here(dir: &Path) -> Result<bool, LocalError> {
    // Shared, so that several that ask at once do not take each other for the server.
    let free = |path: &Path| match locked(|| File::open(path), path, File::try_lock_shared) {
        Ok(Some(file)) => file.unlock().map(|()| true),
        Ok(None) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    };
    match free(dir) {
        Ok(true) => {}
        Ok(false) => return Ok(true),
        Err(error) => locks_no_directories(dir, &error),
    }
    let path = dir.join(LOCK_FILE);
    free(&path).map(|free| !free).map_err(|source| LocalError::DataDir { action: "lock", path, source })
}

fn locks_no_directories(dir: &Path, error: &io::Error) {
    tracing::debug!(%error, path = %dir.display(), "cannot lock the directory; its lock file has to do");
}

/// Locks a file and checks that the path still leads to it; `None` when another process holds the lock.
fn locked(
    open: impl Fn() -> io::Result<File>,
    path: &Path,
    lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> io::Result<Option<File>> {
    use std::os::unix::fs::MetadataExt;
    const ATTEMPTS: u32 = 16;
    for _ in 0..ATTEMPTS {
        let file = open()?;
        match lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (ours, there) = (file.metadata()?, fs::metadata(path));
        if there.is_ok_and(|there| (there.dev(), there.ino()) == (ours.dev(), ours.ino())) {
            return Ok(Some(file));
        }
        // Removed or replaced between opening and locking.
        file.unlock()?;
    }
    Err(io::Error::other("it is replaced again and again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(dir: &Path) -> Option<Lock> {
        Lock::take_here(dir).unwrap()
    }

    #[test]
    fn a_directory_is_free_at_once_although_another_process_has_the_files_open() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_served_here(&dir.path().join("none")).unwrap());
        let lock = take(dir.path()).unwrap();
        assert!(take(dir.path()).is_none() && is_served_here(dir.path()).unwrap());
        let _inherited: Vec<_> = lock.files.iter().map(|file| file.try_clone().unwrap()).collect();
        drop(lock);
        assert!(!is_served_here(dir.path()).unwrap());
        assert!(take(dir.path()).is_some());
    }

    #[test]
    fn a_lock_file_that_is_removed_or_replaced_frees_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = take(dir.path()).unwrap();
        let file = dir.path().join(LOCK_FILE);
        fs::remove_file(&file).unwrap();
        assert!(take(dir.path()).is_none() && is_served_here(dir.path()).unwrap());
        fs::write(&file, "").unwrap();
        assert!(take(dir.path()).is_none() && is_served_here(dir.path()).unwrap());
    }
}
