//! Time to wake a compute, and its memory.

use std::time::{Duration, Instant};

use lakebase::model::BranchInfo;
use sqlx::Connection as _;

use super::{
    Effort, Result,
    disk::Disk,
    fixture::Fixture,
    processes,
    table::{
        Goal, Table,
        Unit::{Megabytes, Milliseconds},
        milliseconds,
    },
};

const ROW: &str = "SELECT name FROM ecommerce.products LIMIT 1";
/// For what PostgreSQL does after its start and a login.
const CALM: Duration = Duration::from_secs(2);

/// From a login at a suspended compute to the first row.
pub(crate) async fn wake(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let what = format!("wake a suspended compute → first row, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.demonstration().await?;
    let mut samples = Vec::new();
    for _ in 0..effort.wakes {
        suspend(&source).await?;
        let begun = Instant::now();
        let mut connection = source.connect().await?;
        sqlx::query(ROW).fetch_one(&mut connection).await?;
        samples.push(milliseconds(begun.elapsed()));
        connection.close().await?;
    }
    table.add(&what, Goal::AtMost(40.0), Milliseconds, samples);
    Ok(())
}

/// Off and on again: off stops it now, and what is on again starts with the next login.
async fn suspend(branch: &BranchInfo) -> Result<()> {
    let endpoint = branch.handle().read_write_endpoint().await?.ok_or("the branch has no endpoint")?;
    endpoint.update().disabled(true).await?;
    endpoint.update().disabled(false).await?;
    Ok(())
}

/// Memory of an idle compute and of a suspended one.
pub(crate) async fn memory(fixture: &Fixture, disk: &Disk, table: &mut Table) -> Result<()> {
    let what = format!("private memory of a running idle compute, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.demonstration().await?;
    let (branch, _) = fixture.branch(&source, ROW).await?;
    tokio::time::sleep(CALM).await;
    let uid = branch.uid.clone().ok_or("the branch has no uid")?;
    let measure = || -> Result<f64> {
        let bytes = processes::private_memory(&processes::working_in(&uid)?)?;
        Ok(bytes as f64 / f64::from(1 << 20))
    };
    table.add(&what, Goal::AtMost(20.0), Megabytes, vec![measure()?]);
    suspend(&branch).await?;
    let what = format!("  of a suspended one, {}", disk.name);
    table.add(&what, Goal::AtMost(0.0), Megabytes, vec![measure()?]);
    branch.delete().purge().await?;
    Ok(())
}
