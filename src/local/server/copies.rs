//! The clone method for branches, which decides how much disk space a new one takes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::local::engine::CloneMethod;

/// The clone method on the file system of the data directory.
///
/// # Examples
///
/// ```
/// use lakebase::local::BranchCopies;
///
/// assert_eq!(BranchCopies::Reflink.to_string(), "copy-on-write (reflink)");
/// assert_eq!(BranchCopies::Copy.to_string(), "full copies");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BranchCopies {
    /// A branch shares its files with its source until either changes them: neither its time nor its
    /// space grows with the data.
    Reflink,
    /// The file system cannot share files, so a branch is a copy of all its source's data.
    Copy,
    /// Unknown because the disk was full at the start. It is detected again for each branch.
    Unknown,
}

impl fmt::Display for BranchCopies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reflink => "copy-on-write (reflink)",
            Self::Copy => "full copies",
            Self::Unknown => "copies of a kind that a full disk does not tell",
        })
    }
}

impl From<CloneMethod> for BranchCopies {
    fn from(method: CloneMethod) -> Self {
        match method {
            CloneMethod::Reflink => Self::Reflink,
            CloneMethod::Copy => Self::Copy,
        }
    }
}
