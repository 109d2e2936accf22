//! Bases: clones of a branch's data directory, from which its WAL is replayed.
//!
//! A base is a standby that was killed. Its control file was read before all other files, so its recovery begins at a
//! checkpoint that was complete before the clone began; a page that was torn by the clone is restored from its
//! full-page image, which every page that changed after that checkpoint has in the WAL. No checkpoint of its own is
//! needed, and the source writes nothing for it.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ControlFile, Storage};
use crate::local::{
    engine_error::EngineError,
    storage::{names_in, regular},
};

const FILE: &str = "base.json";

/// The positions of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct BaseMark {
    /// Where its replay begins.
    pub(in crate::local) redo: u64,
    /// The first position at which it is consistent.
    pub(in crate::local) end: u64,
    /// A time after all commits before `end`; earlier than those after it.
    pub(in crate::local) time: DateTime<Utc>,
}

/// A base on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) dir: PathBuf,
    pub(super) mark: BaseMark,
}

impl Base {
    /// The complete bases of a branch, the oldest first.
    pub(super) fn all(branch: &Path) -> Result<Vec<Self>, EngineError> {
        let parent = branch.join("bases");
        let names = match names_in(&parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names.map_err(EngineError::io("list", &parent))?,
        };
        let mut found = Vec::new();
        for name in names {
            let dir = parent.join(name);
            let path = dir.join(FILE);
            let text = match regular::read(&path) {
                // It is being removed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                text => text.map_err(EngineError::io("read", &path))?,
            };
            match serde_json::from_slice(&text) {
                Ok(mark) => found.push(Self { dir, mark }),
                Err(error) => tracing::warn!(path = %path.display(), %error, "leaving out a base"),
            }
        }
        found.sort_by_key(|base| base.mark.end);
        Ok(found)
    }
}

impl Storage {
    /// Completes a base and adds it to its branch. `flushed` is the position up to which WAL was on disk when all files
    /// had been cloned, `end` that of the first record that can be left out.
    pub(in crate::local) fn publish_base(
        &self,
        branch: &Path,
        staged: &Path,
        control: &[u8],
        flushed: u64,
        mark: BaseMark,
    ) -> Result<(), EngineError> {
        let path = staged.join("data/global/pg_control");
        let changed = ControlFile::of_standby(control, flushed)?;
        regular::replace(&path, &changed).map_err(EngineError::io("write", &path))?;
        let path = staged.join(FILE);
        let text = serde_json::to_vec(&mark).map_err(io::Error::from);
        text.and_then(|text| regular::replace(&path, &text)).map_err(EngineError::io("write", &path))?;
        self.publish(staged, &branch.join("bases").join(format!("{:016X}", mark.end)))
    }
}
