//! Where a local Lakebase lives unless said otherwise, and the lock that gives it one owner.

use std::{
    env,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use etcetera::BaseStrategy as _;

use super::LocalError;

const VARIABLE: &str = "LAKEBASE_LOCAL_DIR";
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
pub(super) struct Lock {
    file: File,
}

/// By word rather than by closing: a program that is being started has the file too, until it is.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl Lock {
    /// `None` when another process holds it.
    pub(super) fn take(dir: &Path) -> Result<Option<Self>, LocalError> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = dir.join("lakebase.lock");
        let open =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let failed = |source| LocalError::DataDir { action: "lock", path: path.clone(), source };
        let file = open.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Whether a process serves this data directory now.
pub(super) fn is_served(dir: &Path) -> Result<bool, LocalError> {
    let path = dir.join("lakebase.lock");
    let failed = |source| LocalError::DataDir { action: "lock", path: path.clone(), source };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(failed(source)),
    };
    // Shared, so that several that ask at once do not take each other for the server.
    match file.try_lock_shared() {
        Ok(()) => Ok(file.unlock().map(|()| false).unwrap_or(false)),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_free_at_once_although_somebody_else_has_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap().unwrap();
        assert!(Lock::take(dir.path()).unwrap().is_none() && is_served(dir.path()).unwrap());
        let _inherited = lock.file.try_clone().unwrap();
        drop(lock);
        assert!(!is_served(dir.path()).unwrap());
        assert!(Lock::take(dir.path()).unwrap().is_some());
    }
}
