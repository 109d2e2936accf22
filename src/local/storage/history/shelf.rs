//! The history that one branch directory has on disk.

use std::{collections::BTreeMap, ffi::OsString, io, os::unix::ffi::OsStrExt as _, path::Path};

use super::{Lineage, base::Base};
use crate::local::{
    engine_error::EngineError,
    storage::wal::{history_file, names, segment, segment_size},
};

/// The WAL and the bases of a branch's own.
#[derive(Clone, Debug)]
pub(super) struct Shelf {
    pub(super) lineage: Lineage,
    /// The size of all segments.
    pub(super) size: u64,
    /// Names of segments by their beginning.
    pub(super) segments: BTreeMap<u64, OsString>,
    /// Names of files that tell of timelines.
    pub(super) timelines: Vec<OsString>,
    /// The oldest first.
    pub(super) bases: Vec<Base>,
}

impl Shelf {
    /// The shelf of a branch; `None` if no history was kept in it.
    pub(super) fn read(branch: &Path) -> Result<Option<Self>, EngineError> {
        let Some(lineage) = Lineage::read(branch)? else { return Ok(None) };
        let bases = Base::all(branch)?;
        let wal = branch.join("wal");
        let mut shelf = Self { lineage, size: 0, segments: BTreeMap::new(), timelines: Vec::new(), bases };
        shelf.size = segment_size(&branch.join("data/pg_wal"))?;
        match names(&wal) {
            Err(EngineError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            listed => shelf.list(listed?)?,
        }
        Ok(Some(shelf))
    }

    fn list(
        &mut self,
        listed: impl Iterator<Item = Result<OsString, EngineError>>,
    ) -> Result<(), EngineError> {
        for name in listed {
            let name = name?;
            if let Some(segment) = segment(name.as_bytes(), self.size) {
                if segment.timeline == self.lineage.timeline && segment.start >= self.lineage.own_from {
                    self.segments.insert(segment.start, name);
                }
            } else if history_file(name.as_bytes()).is_some() {
                self.timelines.push(name);
            }
        }
        Ok(())
    }
}
