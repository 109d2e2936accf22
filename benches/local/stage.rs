//! A local Lakebase with databases of known sizes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use lakebase::{
    Branch, BranchInfo, Expiry, Lakebase, hours,
    local::{Durability, LocalLakebase},
};
use sqlx::{Connection as _, PgConnection};

use super::{Result, disk::Disk};

pub(crate) struct Stage {
    pub(crate) local: LocalLakebase,
    pub(crate) lakebase: Lakebase,
    next: AtomicUsize,
}

/// Of each row of the filler; below what PostgreSQL compresses.
const ROW_BYTES: u64 = 1024;

impl Stage {
    pub(crate) async fn open(disk: &Disk, durability: Durability) -> Result<Self> {
        let data = disk.dir.join("data");
        let local = LocalLakebase::builder().data_dir(data).durability(durability).start().await?;
        let lakebase = local.client().await?;
        Ok(Self { local, lakebase, next: AtomicUsize::new(0) })
    }

    pub(crate) async fn close(self) {
        self.local.shutdown().await;
    }

    /// The default branch of the project with the rows of the examples; made when it is not there.
    pub(crate) async fn demonstration(&self) -> Result<BranchInfo> {
        let sql = include_str!("../../examples/shared/ecommerce.sql");
        self.project("demonstration", async |connection| {
            let mut transaction = connection.begin().await?;
            sqlx::raw_sql(sql).execute(&mut *transaction).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    /// The default branch of a project with a table of so many megabytes; made when it is not there.
    pub(crate) async fn filled(&self, megabytes: u64) -> Result<BranchInfo> {
        let rows = i64::try_from(megabytes * (1 << 20) / ROW_BYTES)?;
        self.project(&format!("filled-{megabytes}"), async |connection| {
            eprintln!("writing {megabytes} MB");
            sqlx::raw_sql("CREATE TABLE filler (id bigint, text text)").execute(&mut *connection).await?;
            sqlx::query(
                "INSERT INTO filler SELECT n, repeat(md5(n::text), 30) FROM generate_series(1, $1) n",
            )
            .bind(rows)
            .execute(&mut *connection)
            .await?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn project(
        &self,
        id: &str,
        fill: impl AsyncFnOnce(&mut PgConnection) -> Result<()>,
    ) -> Result<BranchInfo> {
        let project = self.lakebase.create_project(id).if_missing().await?;
        let production = project.info.default_branch().await?;
        // Makes sure too that its compute runs.
        let mut connection = production.connect().await?;
        if project.created {
            fill(&mut connection).await?;
        }
        connection.close().await?;
        Ok(production)
    }

    /// An id that no other branch has.
    pub(crate) fn fresh_id(&self) -> String {
        format!("bench-{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// From the request for a branch to its first row.
    pub(crate) async fn branch(&self, source: &Branch, row: &'static str) -> Result<(BranchInfo, Duration)> {
        let begun = Instant::now();
        let branch = source.create_branch(self.fresh_id(), Expiry::after(hours(1))).await?;
        let mut connection = branch.connect().await?;
        sqlx::query(row).fetch_one(&mut connection).await?;
        let taken = begun.elapsed();
        connection.close().await?;
        Ok((branch, taken))
    }
}
