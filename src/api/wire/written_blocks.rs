//! Wire format of requests for the blocks of tables that were written since two branches parted.

use serde::{Deserialize, Serialize};

/// The request, which the local Lakebase alone knows.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WrittenBlocksRequest {
    /// The name of the other branch.
    pub(crate) other: String,
    /// Paths of relations in both data directories, such as `base/5/16384`.
    pub(crate) files: Vec<String>,
}

/// The answer: for each file half-open ranges of blocks outside of which its rows are equal, or nothing where that is not
/// known.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct WrittenBlocks {
    pub(crate) files: Vec<Option<Vec<(u32, u32)>>>,
}
