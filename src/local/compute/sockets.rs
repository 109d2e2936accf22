//! The directories of the computes' sockets.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::local::{
    account::{Account, FileWorkers, hand_over},
    engine_error::EngineError,
};

/// The kernel's limit, with a byte for the end, is 104 on macOS and 108 on Linux.
const LONGEST: usize = 103;
pub(super) const SOCKET_FILE: &str = ".s.PGSQL.5432";
/// Hexadecimal digits of a digest.
const NAME: usize = 12;

/// The directory of socket directories, one for each compute.
#[derive(Debug)]
pub(in crate::local) struct Sockets {
    place: Place,
    files: FileWorkers,
}

/// Where the directory of socket directories is. The name depends on the data directory alone, so that the
/// next server finds what this one left.
#[derive(Clone, Debug)]
enum Place {
    /// In the data directory.
    Inside(PathBuf),
    /// In a directory of root, which gives the account one of its own in it.
    OfRoot { base: PathBuf, name: String, account: Account },
    /// In a private directory of the account.
    Private { base: PathBuf, name: String },
}

impl Sockets {
    /// Uses `run` in the data directory, or a directory elsewhere where its path is too long for a socket;
    /// removes what an earlier server left there.
    pub(in crate::local) async fn open(
        root: &Path,
        account: Option<&Account>,
        files: FileWorkers,
    ) -> Result<Self, EngineError> {
        let run = root.join("run");
        let mut refused = None;
        for place in places(&run, account) {
            let sockets = Self { place, files: files.clone() };
            match sockets.make().await {
                Ok(()) => {
                    sockets.clear().await?;
                    return Ok(sockets);
                }
                Err(error) => {
                    tracing::debug!(%error, "sockets cannot lie there");
                    refused = Some(error);
                }
            }
        }
        Err(refused.unwrap_or_else(|| {
            EngineError::failed(format!(
                "{} is too long a path for sockets, and there is no other place",
                run.display()
            ))
        }))
    }

    /// The directory for the socket of one compute, the same at every start, without a socket in it.
    pub(in crate::local) async fn directory(&self, name: &str) -> Result<PathBuf, EngineError> {
        let dir = self.path(name);
        for _ in 0..2 {
            let made = dir.clone();
            let made = self.files.run(move || Ok::<_, EngineError>(fresh(&made))).await?;
            match made {
                // A program that tidies up temporary directories took it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.make().await?,
                Err(error) => return Err(EngineError::io("create", &dir)(error)),
                Ok(()) => return Ok(dir),
            }
        }
        Err(EngineError::io("create", &dir)(io::ErrorKind::NotFound.into()))
    }

    /// Removes the socket directory of a deleted compute. If that fails, the next start removes it.
    pub(in crate::local) fn forget(&self, name: &str) {
        let dir = self.path(name);
        self.files.detach(move || {
            let _ = fs::remove_dir_all(dir);
        });
    }

    /// Removes all of it.
    pub(in crate::local) async fn close(&self) {
        if let Err(error) = self.clear().await {
            tracing::debug!(%error, "socket directories are left to the next start");
        }
        let place = self.place.clone();
        let workers =
            if matches!(place, Place::OfRoot { .. }) { FileWorkers::privileged() } else { &self.files };
        let removed = workers.run(move || {
            place.remove();
            Ok::<_, EngineError>(())
        });
        let _ = removed.await;
    }

    async fn make(&self) -> Result<(), EngineError> {
        let place = self.place.clone();
        match &place {
            Place::OfRoot { .. } => FileWorkers::privileged().run(move || place.make()).await,
            _ => self.files.run(move || place.make()).await,
        }
    }

    async fn clear(&self) -> Result<(), EngineError> {
        let dir = self.place.dir();
        self.files
            .run(move || {
                for entry in fs::read_dir(&dir).map_err(EngineError::io("list", &dir))?.flatten() {
                    let _ = fs::remove_dir_all(entry.path());
                }
                Ok(())
            })
            .await
    }

    /// The directory for the socket of one compute, whether it exists or not.
    pub(in crate::local) fn path(&self, name: &str) -> PathBuf {
        self.place.dir().join(digest(name.as_bytes()))
    }
}

impl Place {
    fn dir(&self) -> PathBuf {
        match self {
            Self::Inside(run) => run.clone(),
            Self::OfRoot { base, name, .. } | Self::Private { base, name } => base.join(name),
        }
    }

    /// Creates the directories, or checks that existing ones are safe.
    fn make(&self) -> Result<(), EngineError> {
        let gone = |error: &EngineError| matches!(error, EngineError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound);
        // Another server may remove the base while it is empty.
        match self.try_make() {
            Err(error) if gone(&error) => self.try_make(),
            made => made,
        }
    }

    fn try_make(&self) -> Result<(), EngineError> {
        match self {
            Self::Inside(_) => Ok(()),
            Self::OfRoot { base, name, account } => {
                own_dir(base, 0o711, 0o022)?;
                hand_over(base, &[name], Some(account))
            }
            Self::Private { base, name } => {
                own_dir(base, 0o700, 0o077)?;
                own_dir(&base.join(name), 0o700, 0o077)
            }
        }
    }

    /// Removes empty directories. Another data directory may use the base.
    fn remove(&self) {
        if let Self::OfRoot { base, name, .. } | Self::Private { base, name } = self {
            let _ = fs::remove_dir(base.join(name));
            let _ = fs::remove_dir(base);
        }
    }
}

/// The places to try, best first.
fn places(run: &Path, account: Option<&Account>) -> Vec<Place> {
    let fits = |place: &Place| place.dir().as_os_str().len() + 1 + NAME + 1 + SOCKET_FILE.len() <= LONGEST;
    let name = digest(run.as_os_str().as_encoded_bytes());
    let mut places = vec![Place::Inside(run.to_owned())];
    let uid = match account {
        Some(account) => {
            let (base, name, account) = (PathBuf::from("/run/lakebase"), name.clone(), account.clone());
            places.push(Place::OfRoot { base, name, account: account.clone() });
            account.uid
        }
        None => {
            let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute());
            let base = runtime.map(|dir| dir.join("lakebase"));
            places.extend(base.map(|base| Place::Private { base, name: name.clone() }));
            rustix::process::geteuid().as_raw()
        }
    };
    // In a directory that is open to all, another user may have taken a name.
    let names = [String::new(), "-1".to_owned(), "-2".to_owned(), "-3".to_owned()];
    let bases = names.map(|suffix| PathBuf::from(format!("/tmp/lakebase-{uid}{suffix}")));
    places.extend(bases.map(|base| Place::Private { base, name: name.clone() }));
    places.retain(fits);
    places
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(NAME / 2).map(|byte| format!("{byte:02x}")).collect()
}

/// Creates a directory, or checks that it belongs to this thread's user, is no link and is closed to others.
fn own_dir(dir: &Path, mode: u32, forbidden: u32) -> Result<(), EngineError> {
    match fs::DirBuilder::new().mode(mode).create(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(EngineError::io("create", dir)(error));
        }
        _ => {}
    }
    let meta = fs::symlink_metadata(dir).map_err(EngineError::io("read", dir))?;
    if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(EngineError::InsecureDirectory {
        path: dir.to_owned(),
        reason: format!(
            "sockets would be open to others there: owner uid {}, mode {:04o}",
            meta.uid(),
            meta.mode() & 0o7777
        ),
        remedy: "remove it, or choose a data directory with a shorter path".to_owned(),
    })
}

/// Recreates the socket directory of a compute: leftovers of a killed server would prevent the next one from binding
/// its socket.
fn fresh(dir: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    if dir.symlink_metadata()?.is_dir() {
        fs::remove_dir_all(dir)?
    } else {
        fs::remove_file(dir)?
    }
    fs::DirBuilder::new().mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn long_root(outer: &Path) -> PathBuf {
        let root = outer.join("x".repeat(100));
        fs::create_dir_all(root.join("run")).unwrap();
        root
    }

    async fn open(root: &Path) -> Sockets {
        let account = Account::choose(None).unwrap();
        Sockets::open(root, account.as_ref(), FileWorkers::new(account.clone())).await.unwrap()
    }

    #[tokio::test]
    async fn a_long_path_gets_its_sockets_elsewhere_where_the_next_server_finds_them() {
        let outer = tempfile::tempdir().unwrap();
        let root = long_root(outer.path());
        let killed = open(&root).await;
        let dir = killed.directory("p/b").await.unwrap();
        assert!(dir.join(SOCKET_FILE).as_os_str().len() <= LONGEST);
        assert!(!dir.starts_with(&root));
        assert_eq!(dir.metadata().unwrap().mode() & 0o7777, 0o700);
        fs::write(dir.join(SOCKET_FILE), "").unwrap();
        drop(killed);

        let sockets = open(&root).await;
        assert!(!dir.exists(), "what the killed one left is gone");
        assert_eq!(dir, sockets.directory("p/b").await.unwrap());
        fs::write(dir.join(".s.PGSQL.5432.lock"), "1\n").unwrap();
        assert_eq!(dir, sockets.directory("p/b").await.unwrap());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "a stale lock would stop the next start");
        sockets.close().await;
        assert!(!dir.parent().unwrap().exists());
    }

    #[tokio::test]
    async fn directories_that_a_cleaner_took_are_made_again() {
        let outer = tempfile::tempdir().unwrap();
        let sockets = open(&long_root(outer.path())).await;
        let dir = sockets.directory("p/b").await.unwrap();
        fs::remove_dir_all(dir.parent().unwrap()).unwrap();
        assert_eq!(dir, sockets.directory("p/b").await.unwrap());
        assert!(dir.is_dir());
        sockets.close().await;
    }

    #[test]
    fn a_planted_link_or_open_directory_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let (open, link) = (outer.path().join("open"), outer.path().join("link"));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        symlink(outer.path(), &link).unwrap();
        for base in [open, link] {
            let error = Place::Private { base, name: "x".into() }.make().unwrap_err();
            assert!(matches!(error, EngineError::InsecureDirectory { .. }), "{error}");
        }
    }
}
