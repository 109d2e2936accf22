//! The history of branches on disk: WAL that outlives its use by PostgreSQL, and bases to replay it from.
//!
//! ```text
//! BRANCH/lineage.json      where the branch's own WAL begins, and whose comes before
//! BRANCH/wal/              links to the segments of its own
//! BRANCH/bases/POSITION/   a clone of its data directory that is consistent from POSITION on
//! ```
//!
//! The WAL that leads to a point of a branch is that of its ancestors, each up to the point at which the next one left
//! it, and its own after that.

mod base;
mod chain;
mod cut;
mod lineage;
mod relation_files;
mod shelf;
mod sweep;
mod trim;

use super::{CloneMethod, ControlFile, Storage};

pub(in crate::local) use base::BaseMark;
pub(in crate::local) use chain::{Chain, Replay};
pub(in crate::local) use lineage::{BranchPoint, HistoryOrigin, Lineage};
pub(crate) use relation_files::KeptFiles;
pub(in crate::local) use sweep::{Swept, last_change};
pub(in crate::local) use trim::Retention;
pub(crate) use trim::Trimmed;
