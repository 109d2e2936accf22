//! The cut between a branch and everything that it had before.

use std::{fs, io, path::Path};

use super::{KeptFiles, Lineage};
use crate::local::{
    engine_error::EngineError,
    storage::{ControlFile, Storage, is_taken, names_in, regular, remove, sync_all_of, wal},
};

/// Directories of a data directory whose files are made again: statistics with texts of statements, notifications.
const EMPTIED: [&str; 8] = [
    "pg_stat",
    "pg_stat_tmp",
    "pg_notify",
    "pg_replslot",
    "pg_logical/snapshots",
    "pg_logical/mappings",
    "pg_snapshots",
    "pg_dynshmem",
];

/// Files beside the data directory, and in it, that tell of former servers.
const REMOVED: [&str; 8] = [
    "postgres.log",
    "postgres.log.1",
    "data/backup_label",
    "data/backup_label.old",
    "data/backup_manifest",
    "data/postmaster.opts",
    "data/current_logfiles",
    "data/logfile",
];

impl Storage {
    /// Removes what a branch that no server runs on has of its past: its history and that of its source, and what is in
    /// the data directory beside relations. Its history begins with the segment of its last checkpoint.
    pub(in crate::local) fn cut_history(&self, branch: &Path, kept: &KeptFiles) -> Result<(), EngineError> {
        let data = branch.join("data");
        self.remove_orphans(&data, kept)?;
        for name in REMOVED {
            let path = branch.join(name);
            remove(&path).map_err(EngineError::io("remove", &path))?;
        }
        for name in EMPTIED {
            let dir = data.join(name);
            empty(&dir).map_err(EngineError::io("empty", &dir))?;
        }
        begin_wal(&data)?;
        for name in ["wal", "bases"] {
            let dir = branch.join(name);
            if is_taken(&dir).map_err(EngineError::io("look for", &dir))? {
                self.discard(&dir)?;
            }
        }
        let lineage = branch.join("lineage.json");
        remove(&lineage).map_err(EngineError::io("remove", &lineage))?;
        Lineage::read_or_begin(branch)?;
        if self.durable {
            sync_all_of(branch).map_err(EngineError::io("flush", branch))?;
        }
        Ok(())
    }
}

fn empty(dir: &Path) -> io::Result<()> {
    let names = match names_in(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        names => names?,
    };
    for name in names {
        let path = dir.join(name);
        if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
    }
    Ok(())
}

/// Removes all files but the segments from that of the last checkpoint on, and the directories of what is kept about
/// others.
fn begin_wal(data: &Path) -> Result<(), EngineError> {
    let dir = data.join("pg_wal");
    let control = ControlFile::read(data)?;
    if !control.clean {
        let reason = format!("{} was not shut down cleanly", data.display());
        return Err(EngineError::Unsupported { reason });
    }
    let size = wal::segment_size(&dir)?;
    let first = control.redo - control.redo % size;
    for name in names_in(&dir).map_err(EngineError::io("list", &dir))? {
        let segment = wal::segment(name.as_bytes(), size);
        let kept =
            segment.is_some_and(|segment| segment.timeline == control.timeline && segment.start >= first);
        let path = dir.join(&name);
        if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            empty(&path).map_err(EngineError::io("empty", &path))?;
        } else if !kept && wal::history_file(name.as_bytes()).is_none() {
            regular::remove(&path).map_err(EngineError::io("remove", &path))?;
        }
    }
    Ok(())
}
