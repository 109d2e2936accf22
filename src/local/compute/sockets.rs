//! Where the sockets of the computes lie.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::local::{
    account::{Account, create_private_dir},
    fault::EngineError,
};

/// What the kernel takes, with a byte for the end: 104 on macOS, 108 on Linux.
const LONGEST: usize = 103;
pub(super) const SOCKET_FILE: &str = ".s.PGSQL.5432";
const NAME: usize = 12;

/// The directory of socket directories.
#[derive(Debug)]
pub(in crate::local) struct Sockets {
    dir: PathBuf,
    /// Set where the data directory's own path is too long; removed with us.
    _elsewhere: Option<TempDir>,
}

impl Sockets {
    /// Uses `run`, or a directory under /tmp where its path is too long for a socket.
    pub(in crate::local) fn open(run: &Path, account: Option<&Account>) -> Result<Self, EngineError> {
        let length = run.as_os_str().len() + 1 + NAME + 1 + SOCKET_FILE.len();
        if length <= LONGEST {
            for entry in fs::read_dir(run).map_err(EngineError::io("list", run))?.flatten() {
                let _ = fs::remove_dir_all(entry.path());
            }
            return Ok(Self { dir: run.to_owned(), _elsewhere: None });
        }
        let tmp = Path::new("/tmp");
        let elsewhere = tempfile::Builder::new()
            .prefix("lakebase-")
            .tempdir_in(tmp)
            .map_err(EngineError::io("create a directory in", tmp))?;
        if let Some(account) = account {
            account.own(elsewhere.path()).map_err(EngineError::io("give away", elsewhere.path()))?;
        }
        Ok(Self { dir: elsewhere.path().to_owned(), _elsewhere: Some(elsewhere) })
    }

    /// The directory for the socket of one compute, the same at every start.
    pub(in crate::local) fn directory(
        &self,
        name: &str,
        account: Option<&Account>,
    ) -> Result<PathBuf, EngineError> {
        let dir = self.path(name);
        match create_private_dir(&dir, account) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(EngineError::io("create", &dir)(error))
            }
            _ => Ok(dir),
        }
    }

    /// Removes the directory of a compute that has ended for good. One that stays is gone with the next start.
    pub(in crate::local) fn forget(&self, name: &str) {
        let _ = fs::remove_dir_all(self.path(name));
    }

    fn path(&self, name: &str) -> PathBuf {
        let digest = Sha256::digest(name);
        let short: String = digest.iter().take(NAME / 2).map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_its_sockets_elsewhere_and_they_go_with_us() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("x".repeat(100));
        let sockets = Sockets::open(&run, None).unwrap();
        let dir = sockets.directory("p/b", None).unwrap();
        assert!(dir.join(SOCKET_FILE).as_os_str().len() <= LONGEST);
        assert_eq!(dir, sockets.directory("p/b", None).unwrap());
        sockets.forget("p/b");
        assert!(!dir.exists());
        assert_eq!(dir, sockets.directory("p/b", None).unwrap());
        drop(sockets);
        assert!(!dir.exists());
    }
}
