//! A lock file that one process at a time holds, and that is removed afterwards.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// The time that resources without users are kept for the next one.
const LINGER: Duration = Duration::from_secs(2);

/// Held until it is dropped or the process ends.
pub(super) struct LockFile {
    path: PathBuf,
    _file: File,
}

impl LockFile {
    /// Waits until no other process holds it. Blocks.
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        loop {
            let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file.lock()?;
            // The previous holder may have removed the file that was waited for.
            let held = file.metadata()?;
            match fs::metadata(path) {
                Ok(now) if (now.dev(), now.ino()) == (held.dev(), held.ino()) => {
                    return Ok(Self { path: path.to_owned(), _file: file });
                }
                _ => {}
            }
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Still locked, so no other process holds it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Waits until no process has the users' file locked, neither now nor two seconds later, and returns the lock that
/// keeps new users out. Blocks.
pub(super) fn after_last_user(
    users: impl Fn() -> io::Result<File>,
    lock: impl Fn() -> io::Result<LockFile>,
) -> io::Result<LockFile> {
    loop {
        users()?.lock()?;
        thread::sleep(LINGER);
        let lock = lock()?;
        if users()?.try_lock().is_ok() {
            return Ok(lock);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_lock_file_has_one_holder_at_a_time_and_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let holders = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _lock = LockFile::take(&path).unwrap();
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        holders.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(!path.exists());
    }
}
