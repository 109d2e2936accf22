//! The state on disk: one file, each acknowledged change one transaction.

mod backend;
mod error;
mod reserve;
mod writer;

use std::{
    fs::OpenOptions,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::oneshot;

pub(crate) use self::error::StoreError;
use self::{backend::Backend, reserve::Reserve, writer::Writer};
use super::state::{Branch, Project, State};

const PROJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("projects");
const BRANCHES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("branches");
/// Keys and tokens of this data directory.
const SECRETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("secrets");

/// Frees the disk space that is kept back for a state file, where a start would fail for want of it.
pub(crate) fn make_room(state_file: &Path) {
    Reserve::beside(state_file).release_for_start();
}

/// The state file.
pub(super) struct Store {
    inner: Arc<Inner>,
    writer: Writer,
}

struct Inner {
    path: PathBuf,
    sync: bool,
    reserve: Reserve,
    /// `None` only where opening it again failed.
    database: Mutex<Option<Database>>,
}

impl Store {
    /// Whether the file exists and is not empty.
    pub(super) fn exists(path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| meta.len() > 0)
    }

    /// Opens the file or creates it, readable for its owner alone, and reads the state. `sync`: whether a change must
    /// survive a power cut before it is acknowledged; a killed process loses nothing either way.
    pub(super) fn open(path: &Path, sync: bool) -> Result<(Self, State), StoreError> {
        let reserve = Reserve::beside(path);
        let inner = Arc::new(Inner { path: path.to_owned(), sync, reserve, database: Mutex::default() });
        let state = inner.load().map_err(|error| match error {
            StoreError::Broken => {
                let source = "its pages contradict each other".into();
                StoreError::Damaged { path: path.to_owned(), source }
            }
            other => other.of(path),
        })?;
        inner.reserve.keep();
        let kept = Arc::clone(&inner);
        let writer = Writer::start(move || kept.reserve.keep()).map_err(StoreError::Open)?;
        Ok((Self { inner, writer }, state))
    }

    /// Writes the differences between two states in one transaction; nothing when there are none.
    pub(super) async fn write(&self, old: Arc<State>, new: Arc<State>) -> Result<(), StoreError> {
        let (answer, written) = oneshot::channel();
        let inner = Arc::clone(&self.inner);
        self.writer.run(move || {
            let _ = answer.send(inner.write(&old, &new));
        });
        written.await.unwrap_or(Err(StoreError::Broken))
    }

    /// Reads the secret of this name, made by `make` the first time.
    pub(super) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, StoreError> {
        self.inner.secret(name, make)
    }
}

impl Inner {
    /// Works on the file; once more with the reserved space where the disk is full.
    fn with<T>(&self, work: impl Fn(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.attempt(&work) {
            Err(error) if error.is_full() && self.reserve.release() => self.attempt(&work),
            done => done,
        }
    }

    /// Works on the file. After a write that failed, for want of space perhaps, the database takes no other until it
    /// is opened again, which also reverts that write. The library panics where pages are damaged.
    fn attempt<T>(&self, work: impl Fn(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut open = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*open {
            match catch_unwind(AssertUnwindSafe(|| work(database))).unwrap_or(Err(StoreError::Broken)) {
                Err(StoreError::Database(error)) if matches!(*error, redb::Error::PreviousIo) => {}
                Ok(done) => return Ok(done),
                Err(error) => {
                    *open = None;
                    return Err(error);
                }
            }
        }
        // The file is locked while it is open.
        *open = None;
        let opened = || {
            let database = open_database(&self.path, self.sync)?;
            Ok((work(&database)?, database))
        };
        let (done, database) = catch_unwind(AssertUnwindSafe(opened)).unwrap_or(Err(StoreError::Broken))?;
        *open = Some(database);
        Ok(done)
    }
}

fn open_database(path: &Path, sync: bool) -> Result<Database, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::Open)?;
    let database = Database::builder().create_with_backend(Backend::new(file, sync)?)?;
    if database.begin_read()?.list_tables()?.count() < 3 {
        let write = database.begin_write()?;
        write.open_table(PROJECTS)?;
        write.open_table(BRANCHES)?;
        write.open_table(SECRETS)?;
        write.commit()?;
    }
    Ok(database)
}

impl Inner {
    fn load(&self) -> Result<State, StoreError> {
        self.with(|database| {
            let read = database.begin_read()?;
            let mut state = State::default();
            for row in read.open_table(PROJECTS)?.iter()? {
                let (key, value) = row?;
                state.put_project(decode::<Project>(key.value(), value.value())?);
            }
            for row in read.open_table(BRANCHES)?.iter()? {
                let (key, value) = row?;
                state.put_branch(decode::<Branch>(key.value(), value.value())?);
            }
            Ok(state)
        })
    }

    fn secret(&self, name: &str, make: impl FnOnce() -> io::Result<Vec<u8>>) -> Result<Vec<u8>, StoreError> {
        let made = make().map_err(StoreError::Open)?;
        self.with(|database| {
            let write = database.begin_write()?;
            let secret = {
                let mut table = write.open_table(SECRETS)?;
                let found = table.get(name)?.map(|value| value.value().to_vec());
                if found.is_none() {
                    table.insert(name, made.as_slice())?;
                }
                found.unwrap_or_else(|| made.clone())
            };
            write.commit()?;
            Ok(secret)
        })
    }

    fn write(&self, old: &State, new: &State) -> Result<(), StoreError> {
        let changes = Changes::between(old, new)?;
        if changes.is_empty() {
            return Ok(());
        }
        self.with(|database| {
            let write = database.begin_write()?;
            apply(&mut write.open_table(PROJECTS)?, &changes.projects)?;
            apply(&mut write.open_table(BRANCHES)?, &changes.branches)?;
            Ok(write.commit()?)
        })
    }
}

fn apply(table: &mut redb::Table<'_, &str, &[u8]>, changes: &[Change]) -> Result<(), StoreError> {
    for (key, value) in changes {
        match value {
            Some(value) => table.insert(key.as_str(), value.as_slice())?,
            None => table.remove(key.as_str())?,
        };
    }
    Ok(())
}

/// A row's key (its uid) with its new value, or `None` to remove it.
type Change = (String, Option<Vec<u8>>);

#[derive(Default)]
struct Changes {
    projects: Vec<Change>,
    branches: Vec<Change>,
}

impl Changes {
    /// Rows that are being made are not written: a stop in the middle leaves no trace of them.
    fn between(old: &State, new: &State) -> Result<Self, StoreError> {
        let projects = |state: &State| -> Vec<(String, Arc<Project>)> {
            state.projects.values().filter(|p| !p.init).map(|p| (p.uid.clone(), Arc::clone(p))).collect()
        };
        let branches = |state: &State| -> Vec<(String, Arc<Branch>)> {
            state.branches.values().filter(|b| !b.init).map(|b| (b.uid.clone(), Arc::clone(b))).collect()
        };
        Ok(Self {
            projects: changed(&projects(old), projects(new))?,
            branches: changed(&branches(old), branches(new))?,
        })
    }

    fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.branches.is_empty()
    }
}

fn changed<T: Serialize>(
    old: &[(String, Arc<T>)],
    new: Vec<(String, Arc<T>)>,
) -> Result<Vec<Change>, StoreError> {
    let mut before: std::collections::HashMap<&str, &Arc<T>> =
        old.iter().map(|(uid, row)| (uid.as_str(), row)).collect();
    let mut changes = Vec::new();
    for (uid, row) in new {
        if !before.remove(uid.as_str()).is_some_and(|same| Arc::ptr_eq(same, &row)) {
            let json =
                serde_json::to_vec(&*row).map_err(|source| StoreError::Row { row: uid.clone(), source })?;
            changes.push((uid, Some(json)));
        }
    }
    changes.extend(before.into_keys().map(|uid| (uid.to_owned(), None)));
    Ok(changes)
}

fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|source| StoreError::Row { row: key.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file with something in it, written as the server writes it.
    fn written(path: &Path) -> Vec<u8> {
        let (store, empty) = Store::open(path, false).unwrap();
        store.secret("key", || Ok(b"secret".to_vec())).unwrap();
        let odd = |database: &Database| {
            let write = database.begin_write()?;
            write.open_table(PROJECTS)?.insert("none", &b"{}"[..])?;
            Ok(write.commit()?)
        };
        store.inner.with(odd).unwrap();
        assert!(empty.projects.is_empty());
        drop(store);
        fs::read(path).unwrap()
    }

    #[test]
    fn a_row_that_nobody_understands_is_named_with_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lakebase.state");
        written(&path);
        let error = Store::open(&path, false).err().unwrap();
        assert!(matches!(&error, StoreError::Damaged { .. }), "{error:?}");
        let text = crate::local::control::failures::with_sources(&error);
        assert!(text.contains("lakebase.state") && text.contains("'none'"), "{text}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_left_and_never_a_panic() {
        let dir = tempfile::tempdir().unwrap();
        let whole = written(&dir.path().join("whole"));
        let mut random = fastrand::Rng::with_seed(7);
        let mut damaged: Vec<(String, Vec<u8>)> = vec![
            ("text".to_owned(), b"not a database at all".to_vec()),
            ("zeros".to_owned(), vec![0; whole.len()]),
            ("half".to_owned(), whole[..whole.len() / 2].to_vec()),
            ("head".to_owned(), whole[..100].to_vec()),
        ];
        let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
        for n in 0..200 {
            let (mut bytes, at) = (whole.clone(), random.usize(..used));
            bytes[at] ^= random.u8(1..);
            damaged.push((format!("{n}: byte {at}"), bytes));
        }
        for (n, (what, bytes)) in damaged.into_iter().enumerate() {
            let path = dir.path().join(format!("file-{n}"));
            fs::write(&path, &bytes).unwrap();
            if let Err(error) = Store::open(&path, false) {
                assert!(matches!(&error, StoreError::Damaged { .. }), "{what}: {error:?}");
            }
            assert!(path.exists(), "{what}");
        }
        assert!(!Store::exists(&dir.path().join("nothing")));
    }

    #[test]
    fn a_second_server_is_kept_out_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lakebase.state");
        let (store, _) = Store::open(&path, false).unwrap();
        let error = Store::open(&path, false).err().unwrap();
        assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
        drop(store);
        Store::open(&path, false).unwrap();
    }

    #[test]
    fn a_write_that_panics_fails_and_the_next_one_works() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(&dir.path().join("lakebase.state"), false).unwrap();
        let error = store.inner.with(|database| -> Result<(), StoreError> {
            let _write = database.begin_write()?;
            panic!("on purpose");
        });
        assert!(matches!(error, Err(StoreError::Broken)));
        store.secret("key", || Ok(b"secret".to_vec())).unwrap();
    }
}
