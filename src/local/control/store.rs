//! The state on disk: one file, each acknowledged change one transaction.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
    sync::Arc,
};

use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, backends::FileBackend};
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
    #[error("the state file holds a row '{row}' that this version cannot read")]
    Row { row: String, source: serde_json::Error },
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

/// The state file. Cheap to clone.
#[derive(Clone)]
pub(super) struct Store(Arc<Database>);

impl Store {
    /// Opens the file or makes it, readable for its owner alone. `sync`: whether a change must survive a power
    /// cut before it is acknowledged; a killed process loses nothing either way.
    pub(super) fn open(path: &Path, sync: bool) -> Result<Self, StoreError> {
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
        Ok(Self(Arc::new(database)))
    }

    pub(super) fn load(&self) -> Result<State, StoreError> {
        let read = self.0.begin_read()?;
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
    }

    /// The secret of this name, made by `make` the first time.
    pub(super) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, StoreError> {
        let write = self.0.begin_write()?;
        let secret = {
            let mut table = write.open_table(SECRETS)?;
            let found = table.get(name)?.map(|value| value.value().to_vec());
            match found {
                Some(secret) => secret,
                None => {
                    let secret = make().map_err(StoreError::Open)?;
                    table.insert(name, secret.as_slice())?;
                    secret
                }
            }
        };
        write.commit()?;
        Ok(secret)
    }

    /// Writes what differs between two states, in one transaction; nothing when nothing does.
    pub(super) fn write(&self, old: &State, new: &State) -> Result<(), StoreError> {
        let changes = Changes::between(old, new)?;
        if changes.is_empty() {
            return Ok(());
        }
        let write = self.0.begin_write()?;
        apply(&mut write.open_table(PROJECTS)?, &changes.projects)?;
        apply(&mut write.open_table(BRANCHES)?, &changes.branches)?;
        write.commit()?;
        Ok(())
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
            let json = serde_json::to_vec(&*row).map_err(|source| StoreError::Row { row: uid.clone(), source })?;
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
