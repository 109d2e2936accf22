//! The state on disk: one file, each acknowledged change one transaction.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, backends::FileBackend,
};
use serde::{Serialize, de::DeserializeOwned};

use super::state::{Branch, Project, State};

const PROJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("projects");
const BRANCHES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("branches");
/// Keys and tokens of this data directory.
const SECRETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("secrets");

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("opening the state file")]
    Open(#[source] io::Error),
    #[error("the state file does not answer")]
    Database(#[source] Box<redb::Error>),
    #[error(
        "{} is damaged or of another version; no branch was touched. Put a copy of it back, use the version that wrote it, \
         or choose another data directory", .path.display()
    )]
    Damaged { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "{} is missing or empty, though there are branches in {}/branches; no branch was touched. Put a copy of it back, \
         or choose another data directory: without it nobody knows which branches these are",
        .path.display(), .path.parent().unwrap_or(.path).display()
    )]
    Missing { path: PathBuf },
    #[error("the state file holds a row '{row}' that this version cannot read")]
    Row { row: String, source: serde_json::Error },
}

impl StoreError {
    /// Whether the disk is full.
    pub(crate) fn is_full(&self) -> bool {
        let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
        match self {
            Self::Open(error) => full(error),
            Self::Database(error) => matches!(&**error, redb::Error::Io(error) if full(error)),
            _ => false,
        }
    }

    /// What is wrong with the file itself, told with its name.
    fn of(self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::Database(source) if is_damage(&source) => Self::Damaged { path, source },
            row @ Self::Row { .. } => Self::Damaged { path, source: Box::new(row) },
            other => other,
        }
    }
}

fn is_damage(error: &redb::Error) -> bool {
    use redb::Error::{Corrupted, Io, TableTypeMismatch, TypeDefinitionChanged, UpgradeRequired};
    match error {
        Corrupted(_) | UpgradeRequired(_) | TableTypeMismatch { .. } | TypeDefinitionChanged { .. } => true,
        Io(error) => matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof),
        _ => false,
    }
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// The state file. Cheap to clone.
#[derive(Clone)]
pub(super) struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    sync: bool,
    /// `None` only where opening it again failed.
    database: Mutex<Option<Database>>,
}

impl Store {
    /// Whether a file with something in it is there to be opened.
    pub(super) fn exists(path: &Path) -> bool {
        path.metadata().is_ok_and(|meta| meta.len() > 0)
    }

    /// Opens the file or makes it, readable for its owner alone, and reads what it holds. `sync`: whether a change
    /// must survive a power cut before it is acknowledged; a killed process loses nothing either way.
    pub(super) fn open(path: &Path, sync: bool) -> Result<(Self, State), StoreError> {
        let open = || {
            let store = Self::open_file(path, sync)?;
            let state = store.load()?;
            Ok((store, state))
        };
        // A page that points nowhere makes the library panic.
        let opened = std::panic::catch_unwind(open).unwrap_or_else(|_| {
            let source = "its pages contradict each other".into();
            Err(StoreError::Damaged { path: path.to_owned(), source })
        });
        opened.map_err(|error| error.of(path))
    }

    fn open_file(path: &Path, sync: bool) -> Result<Self, StoreError> {
        let database = Mutex::new(Some(open_database(path, sync)?));
        Ok(Self(Arc::new(Inner { path: path.to_owned(), sync, database })))
    }

    /// Works on the file. After a write that failed, for want of space perhaps, it takes no other until it is opened
    /// again, which also takes back what that write left.
    fn with<T>(&self, work: impl Fn(&Database) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Inner { path, sync, database } = &*self.0;
        let mut open = database.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(database) = &*open {
            match work(database) {
                Err(StoreError::Database(error)) if matches!(*error, redb::Error::PreviousIo) => {}
                done => return done,
            }
        }
        // The file is locked while it is open.
        *open = None;
        work(open.insert(open_database(path, *sync)?))
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
    let write = database.begin_write()?;
    write.open_table(PROJECTS)?;
    write.open_table(BRANCHES)?;
    write.open_table(SECRETS)?;
    write.commit()?;
    Ok(database)
}

impl Store {
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

    /// The secret of this name, made by `make` the first time.
    pub(super) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, StoreError> {
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

    /// Writes what differs between two states, in one transaction; nothing when nothing does.
    pub(super) fn write(&self, old: &State, new: &State) -> Result<(), StoreError> {
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

/// A row's key (its uid) with what it becomes, or `None` when it goes.
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

/// The file, with the syncs left out where a power cut need not be survived.
#[derive(Debug)]
struct Backend {
    file: FileBackend,
    sync: bool,
}

impl Backend {
    fn new(file: File, sync: bool) -> Result<Self, StoreError> {
        Ok(Self { file: FileBackend::new(file)?, sync })
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.sync { self.file.sync_data() } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
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
        store.with(odd).unwrap();
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
        let text = super::super::with_sources(&error);
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
}
