//! Failures of the state file.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The reason why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("opening the state file")]
    Open(#[source] io::Error),
    #[error("the state file does not answer")]
    Database(#[source] Box<redb::Error>),
    #[error("writing the state broke off; the log of the server says where")]
    Broken,
    #[error("{} is open in another server; stop that one or choose another data directory", .path.display())]
    InUse { path: PathBuf },
    #[error(
        "{} is damaged or of another version; no branch was touched. Put a copy of it back, use the version that wrote it, \
         or choose another data directory", .path.display()
    )]
    Damaged { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error(
        "{} is missing or empty, though there are branches in {}/branches; no branch was touched. Put a copy of it back, \
         or choose another data directory: without it the branches cannot be identified",
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

    /// Adds the file's path to errors about the file itself.
    pub(super) fn of(self, path: &Path) -> Self {
        let path = path.to_owned();
        match self {
            Self::Database(source) if matches!(*source, redb::Error::DatabaseAlreadyOpen) => {
                Self::InUse { path }
            }
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
