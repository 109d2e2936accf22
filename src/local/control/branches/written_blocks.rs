//! The blocks of tables that were written since two branches parted.

use super::{Branches, branch_named};
use crate::{
    api::{
        name::BranchName,
        wire::written_blocks::{WrittenBlocks, WrittenBlocksRequest},
    },
    local::{control::error_response::ErrorResponse, engine::RelationFile},
};

impl Branches {
    /// Reads the headers of blocks, after the computes of both branches have written theirs out.
    pub(crate) async fn written_blocks(
        &self,
        name: &BranchName,
        request: WrittenBlocksRequest,
    ) -> Result<WrittenBlocks, ErrorResponse> {
        let state = self.state.snapshot();
        let other = branch_named(name.project(), &request.other)?;
        let (own, other) = (state.created_branch(name)?, state.created_branch(&other)?);
        let file = |path: &String| {
            path.parse::<RelationFile>().map_err(|()| {
                ErrorResponse::invalid(format!(
                    "Field 'files' must hold paths such as 'base/5/16384', got '{path}'"
                ))
            })
        };
        let files = request.files.iter().map(file).collect::<Result<_, _>>()?;
        let files = self.computes.engine.written_blocks(&own.key(), &other.key(), files).await?;
        Ok(WrittenBlocks { files })
    }
}
