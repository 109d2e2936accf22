//! Requests for the blocks that were written since two branches parted.

use super::Branch;
use crate::{
    api::wire::written_blocks::{WrittenBlocks, WrittenBlocksRequest},
    error::Result,
    http::Request,
};

impl Branch {
    /// For each file the ranges of blocks outside of which this branch and another one have the same rows; nothing for
    /// files of which that is not known, and nothing at all where the service has no such call.
    pub(crate) async fn written_blocks(
        &self,
        other: &Self,
        files: Vec<String>,
    ) -> Result<Option<Vec<Option<Vec<(u32, u32)>>>>> {
        if self.name.project() != other.name.project() {
            return Ok(None);
        }
        let (path, number) = (format!("{}/written-blocks", self.name), files.len());
        let body = WrittenBlocksRequest { other: other.name.to_string(), files };
        let context = format!("asking for written blocks of {}", self.name);
        let request = Request::post(&path, &body, context)?.idempotent();
        match self.client.send::<WrittenBlocks>(request).await {
            Ok(answer) => Ok(Some(answer.files).filter(|files| files.len() == number)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
