//! The origin of a branch's history: a small file beside its data.

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::local::{
    engine_error::EngineError,
    storage::{names_in, regular, wal::segment_size},
};

const FILE: &str = "lineage.json";

/// The part of the WAL that is a branch's own, and where the part before it lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct Lineage {
    /// Tells the directory from another one at the same path.
    pub(in crate::local) id: String,
    pub(in crate::local) origin: HistoryOrigin,
    /// The timeline of the branch.
    pub(in crate::local) timeline: u32,
    /// The beginning of the first WAL segment of its own.
    pub(in crate::local) own_from: u64,
    /// The oids of the databases that it began with. None where an earlier version made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    databases: Vec<u32>,
    /// A position at or before the branch point: transactions that were open at the branch point had written nothing
    /// before it. None where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_at: Option<u64>,
}

/// The point at which two branches parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::local) struct Parted {
    /// A position before which everything that was written has the same outcome in both.
    pub(in crate::local) quiet_at: u64,
    /// Databases that both had then.
    pub(in crate::local) databases: Vec<u32>,
}

/// The state with which the history of a branch begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::local) enum HistoryOrigin {
    /// The template of this name.
    Template(String),
    /// A point in the history of another branch.
    Branch(BranchPoint),
    /// Unknown: the history begins with the first base.
    Unknown,
}

/// A point in the history of a branch of the same project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::local) struct BranchPoint {
    /// The name of the branch's directory.
    pub(in crate::local) branch: String,
    /// The id in that branch's lineage.
    pub(in crate::local) id: String,
    /// The end of the WAL that both have.
    pub(in crate::local) lsn: u64,
    /// The last commit before that, or an earlier time.
    pub(in crate::local) time: DateTime<Utc>,
    /// Whether a timeline begins there.
    pub(in crate::local) new_timeline: bool,
}

impl Lineage {
    pub(in crate::local) fn new(origin: HistoryOrigin, timeline: u32, own_from: u64) -> Self {
        let id = format!("{:016x}", fastrand::u64(..));
        Self { id, origin, timeline, own_from, databases: Vec::new(), quiet_at: None }
    }

    /// Notes a position before which transactions that were open at the branch point had written nothing.
    pub(in crate::local) fn quiet_at(mut self, position: Option<u64>) -> Self {
        self.quiet_at = position;
        self
    }

    /// Notes the databases of a new branch, which no server has run on by itself.
    pub(in crate::local) fn with_databases_of(mut self, data: &Path) -> Result<Self, EngineError> {
        let base = data.join("base");
        let names = names_in(&base).map_err(EngineError::io("list", &base))?;
        self.databases = names.iter().filter_map(|name| name.parse().ok()).collect();
        Ok(self)
    }

    /// The point at which two branches parted, where one left the other or both left the same one; none where a
    /// transaction may have been open then, which has another outcome in each.
    pub(in crate::local) fn parted(&self, other: &Self) -> Option<Parted> {
        let left = match (self.branch_point(), other.branch_point()) {
            (Some(point), _) if point.id == other.id => self,
            (_, Some(point)) if point.id == self.id => other,
            (Some(own), Some(others)) if own.id == others.id => {
                if own.lsn <= others.lsn {
                    self
                } else {
                    other
                }
            }
            _ => return None,
        };
        Some(Parted { quiet_at: left.quiet_at?, databases: left.databases.clone() })
    }

    /// The lineage of a root that was cloned from the template of this name.
    pub(in crate::local) fn of_template(name: &str) -> Self {
        Self::new(HistoryOrigin::Template(name.to_owned()), 1, 0)
    }

    /// The lineage of a branch directory; `None` if there is none, as in one that an earlier version made, or none that
    /// can be read.
    pub(in crate::local) fn read(branch: &Path) -> Result<Option<Self>, EngineError> {
        let path = path(branch);
        let text = match regular::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(EngineError::io("read", &path))?,
        };
        let lineage = serde_json::from_slice(&text).inspect_err(|error| {
            tracing::warn!(path = %path.display(), %error, "the history of a branch begins anew");
        });
        Ok(lineage.ok())
    }

    /// The lineage of a branch directory, begun now where there is none.
    pub(super) fn read_or_begin(branch: &Path) -> Result<Self, EngineError> {
        if let Some(lineage) = Self::read(branch)? {
            return Ok(lineage);
        }
        let data = branch.join("data");
        let control = super::ControlFile::read(&data)?;
        let size = segment_size(&data.join("pg_wal"))?;
        let own_from = control.redo - control.redo % size;
        let lineage = Self::new(HistoryOrigin::Unknown, control.timeline, own_from);
        lineage.write(branch)?;
        Ok(lineage)
    }

    pub(in crate::local) fn write(&self, branch: &Path) -> Result<(), EngineError> {
        let path = path(branch);
        let text = serde_json::to_vec(self).map_err(io::Error::from);
        text.and_then(|text| regular::replace(&path, &text)).map_err(EngineError::io("write", &path))
    }

    /// The end of the WAL of another branch that recovery replays, on the timeline of that branch.
    pub(in crate::local) fn inherited_end(&self) -> Option<u64> {
        self.branch_point().filter(|point| !point.new_timeline).map(|point| point.lsn)
    }

    /// The point at which the branch left another one.
    pub(super) fn branch_point(&self) -> Option<&BranchPoint> {
        match &self.origin {
            HistoryOrigin::Branch(point) => Some(point),
            HistoryOrigin::Template(_) | HistoryOrigin::Unknown => None,
        }
    }
}

fn path(branch: &Path) -> PathBuf {
    branch.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_back_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Lineage::read(dir.path()).unwrap(), None);
        let point = BranchPoint {
            branch: "br-1".into(),
            id: "1f".into(),
            lsn: 100,
            time: DateTime::UNIX_EPOCH,
            new_timeline: true,
        };
        let lineage = Lineage::new(HistoryOrigin::Branch(point), 2, 64);
        lineage.write(dir.path()).unwrap();
        assert_eq!(Lineage::read(dir.path()).unwrap(), Some(lineage));
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(Lineage::read(dir.path()).unwrap(), None);
    }
}
