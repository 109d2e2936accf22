//! WAL files of a clone: finished segments are linked, the one that is still written is copied.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt as _, path::Path};

use rustix::{
    fs::{AtFlags, linkat},
    io::Errno,
};

use super::Job;
use crate::local::{
    engine_error::EngineError,
    storage::{
        regular,
        wal::{WalRange, history_file, names, segment, segment_size},
    },
};

impl Job {
    /// Links or copies WAL files from one data directory to another.
    pub(super) fn wal(&self, source: &Path, target: &Path, take: WalRange) -> Result<(), EngineError> {
        let (from, to) = (source.join("pg_wal"), target.join("pg_wal"));
        let size = segment_size(&from)?;
        // There may be hundreds: names in open directories are found faster than paths.
        let open = |dir: &Path| regular::open_dir(dir).map_err(EngineError::io("open", dir));
        let open = (open(&from)?, open(&to)?);
        for name in names(&from)? {
            let name = name?;
            if let Some(segment) = segment(name.as_bytes(), size) {
                let end = segment.start + size;
                if end <= take.from {
                    continue;
                }
                if end <= take.finished {
                    self.link(&open, &name, (&from, &to))?;
                } else if segment.start < take.to {
                    self.file(&from.join(&name), &to.join(&name))?;
                }
            } else if history_file(name.as_bytes()).is_some() {
                self.link(&open, &name, (&from, &to))?;
            }
        }
        Ok(())
    }

    /// One file in two directories; a copy where the file system refuses that.
    fn link(
        &self,
        (from, to): &(fs::File, fs::File),
        name: &OsStr,
        paths: (&Path, &Path),
    ) -> Result<(), EngineError> {
        match linkat(from, name, to, name, AtFlags::empty()) {
            Ok(()) => Ok(()),
            // The server has just removed the segment as too old.
            Err(Errno::NOENT) if self.is_live() => Ok(()),
            // Hard links are unsupported here, exhausted for this file, or impossible across the directories.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => {
                self.file(&paths.0.join(name), &paths.1.join(name))
            }
            Err(errno) => Err(EngineError::io("link to", &paths.1.join(name))(errno.into())),
        }
    }
}
