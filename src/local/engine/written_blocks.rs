//! Blocks of tables that were written since two branches parted.
//!
//! Two branches have one history up to the position at which one left the other. A block whose header names no later
//! position holds the same rows in both, unless a transaction that wrote there was still open: it can commit in the
//! source, and is rolled back in the branch. So the position is one before which no such transaction had written.

use std::{path::PathBuf, sync::Arc};

use sqlx::Executor as _;

use super::{BranchKey, Engine, EngineError, Inner, MAINTENANCE_DATABASE};
use crate::local::{
    compute::{AwaitWithin as _, SessionLimits},
    storage::{BlockRanges, FileSizes, Lineage, RelationFile, Written},
};

impl Engine {
    /// The blocks of each file that can differ between two branches whose computes run; `None` for a file of which nothing
    /// is known. Everything that was committed before the call is seen.
    pub(crate) async fn written_blocks(
        &self,
        one: &BranchKey,
        other: &BranchKey,
        files: Vec<RelationFile>,
    ) -> Result<Vec<Option<BlockRanges>>, EngineError> {
        let (one, other) = (one.clone(), other.clone());
        self.detached(move |inner| async move { inner.written_blocks(&one, &other, files).await }).await
    }
}

impl Inner {
    async fn written_blocks(
        self: &Arc<Self>,
        one: &BranchKey,
        other: &BranchKey,
        files: Vec<RelationFile>,
    ) -> Result<Vec<Option<BlockRanges>>, EngineError> {
        let unknown = vec![None; files.len()];
        let dirs = (self.existing(one).await?, self.existing(other).await?);
        let (own, others) = dirs.clone();
        let lineages = self.on_disk(move |_| Ok((Lineage::read(&own)?, Lineage::read(&others)?)));
        let (Some(own), Some(others)) = lineages.await? else { return Ok(unknown) };
        let Some(parted) = own.parted(&others) else { return Ok(unknown) };
        let sizes = tokio::try_join!(self.write_out(one), self.write_out(other))?;
        let (Some(own), Some(others)) = sizes else { return Ok(unknown) };
        // A file of a database that was made since may be a copy of another one, with the positions of that.
        let files: Vec<_> =
            files.into_iter().map(|file| parted.databases.contains(&file.database).then_some(file)).collect();
        let (own, others) = tokio::try_join!(
            self.written_in(dirs.0, files.clone(), parted.quiet_at, own),
            self.written_in(dirs.1, files, parted.quiet_at, others)
        )?;
        Ok(own.into_iter().zip(others).map(|(own, other)| Some(own?.either(other?))).collect())
    }

    /// Has a compute write out what it has in memory; `None` if it does not run.
    async fn write_out(&self, key: &BranchKey) -> Result<Option<FileSizes>, EngineError> {
        let Some(socket) = self.known_slot(key).and_then(|slot| slot.socket()) else { return Ok(None) };
        let data = self.existing(key).await?.join("data");
        let limits = SessionLimits::BACKUP;
        let mut session = self.log_in(&socket, &data, MAINTENANCE_DATABASE, limits).await?;
        let context = "write out the blocks of a branch";
        session
            .execute("CHECKPOINT")
            .await_within(limits.answer(), context)
            .await?
            .map_err(EngineError::sql(context))?;
        let (block, segment): (i64, i64) = sqlx::query_as(
            "SELECT pg_catalog.max(setting) FILTER (WHERE name OPERATOR(pg_catalog.=) 'block_size'),
                    pg_catalog.max(setting) FILTER (WHERE name OPERATOR(pg_catalog.=) 'segment_size')
             FROM (SELECT name, setting::pg_catalog.int8 FROM pg_catalog.pg_settings
                   WHERE name OPERATOR(pg_catalog.=) ANY ('{block_size,segment_size}'::pg_catalog.text[])) AS sizes",
        )
        .fetch_one(&mut session)
        .await_within(limits.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let sizes = u64::try_from(block).ok().filter(|block| *block > 0).zip(u32::try_from(segment).ok());
        Ok(sizes.map(|(block, segment)| FileSizes { block, segment }))
    }

    async fn written_in(
        &self,
        dir: PathBuf,
        files: Vec<Option<RelationFile>>,
        position: u64,
        sizes: FileSizes,
    ) -> Result<Vec<Option<Written>>, EngineError> {
        self.on_disk(move |_| {
            let data = dir.join("data");
            let written = files.into_iter().map(|file| match file {
                Some(file) => Written::since(&data, file, position, sizes),
                None => Ok(None),
            });
            written.collect::<Result<_, _>>().map_err(EngineError::io("read the tables in", &data))
        })
        .await
    }
}
