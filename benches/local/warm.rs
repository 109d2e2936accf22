//! Time of a branch that is made from a warm spare, while a client writes to its source.

use std::time::{Duration, Instant};

use lakebase::{Expiry, hours, local::Durability, model::BranchInfo};
use sqlx::Connection as _;
use tokio::task::JoinHandle;

use super::{
    Effort, Result,
    branches::point,
    disk::Disk,
    fixture::{FILLER_ROW, Fixture},
    table::{
        Goal, Table,
        Unit::{Milliseconds, Ratio},
        milliseconds,
    },
    timeline::Timeline,
};

/// The longest wait for a spare.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two writes to the source.
const WRITES: Duration = Duration::from_millis(2);

/// Branches of a small and of a large database. On a file system that copies, a large one has no spare.
pub(crate) async fn branches(
    disk: &Disk,
    durability: Durability,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let sizes = if disk.name == "XFS" { &effort.sizes[..] } else { &effort.sizes[..1] };
    let what = |size: &u64| format!("warm branch → first row, {size} MB, written to, {}", disk.name);
    let wanted: Vec<_> = sizes.iter().filter(|size| table.wants(&what(size))).collect();
    for size in sizes.iter().filter(|size| wanted.contains(size)) {
        // One for each, as the spares of all sources are counted together.
        let fixture = Fixture::with_spares(disk, durability, 1).await?;
        let measured = one(&fixture, disk, effort, table, (&what(size), *size)).await;
        fixture.close().await;
        measured?;
    }
    Ok(())
}

async fn one(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
    (what, size): (&str, u64),
) -> Result<()> {
    let source = fixture.filled(size).await?;
    disk.sync()?;
    let writer = writer(&source);
    // The first one is a clone, and has a spare made for the next one.
    let (branch, _) = fixture.branch(&source, FILLER_ROW).await?;
    branch.delete().purge().await?;
    let timeline = Timeline::now(fixture).await?;
    let (mut calls, mut logins) = (Vec::new(), Vec::new());
    let (mut samples, used) = (Vec::new(), fixture.metric("lakebase_spares_total{event=\"used\"}").await?);
    for _ in 0..effort.warm {
        spare_is_ready(fixture).await?;
        let begun = Instant::now();
        let branch = source.create_branch(fixture.fresh_id(), Expiry::after(hours(1))).await?;
        calls.push(milliseconds(begun.elapsed()));
        let mut connection = branch.connect().await?;
        logins.push(milliseconds(begun.elapsed()));
        sqlx::query(FILLER_ROW).fetch_one(&mut connection).await?;
        samples.push(milliseconds(begun.elapsed()));
        connection.close().await?;
        branch.delete().purge().await?;
    }
    writer.abort();
    timeline.print_since(fixture, what).await?;
    let used = fixture.metric("lakebase_spares_total{event=\"used\"}").await? - used;
    samples.sort_by(f64::total_cmp);
    let p95 = samples.get(samples.len() * 95 / 100).copied();
    let share = used / samples.len() as f64;
    if disk.name == "XFS" {
        point(table, "a branch from a warm spare", size, &samples);
    }
    table.add(what, Goal::AtMost(10.0), Milliseconds, samples);
    table.add(&format!("  until the call returned, {size} MB"), Goal::None, Milliseconds, calls);
    table.add(&format!("  until the login, {size} MB"), Goal::None, Milliseconds, logins);
    table.add(
        &format!("  95th percentile of it, {size} MB"),
        Goal::AtMost(25.0),
        Milliseconds,
        p95.into_iter().collect(),
    );
    table.add(&format!("  part that were spares, {size} MB"), Goal::AtLeast(0.95), Ratio, vec![share]);
    Ok(())
}

/// Writes to a branch until it is aborted.
pub(crate) fn writer(source: &BranchInfo) -> JoinHandle<Result<()>> {
    let source = source.clone();
    tokio::spawn(async move {
        let mut connection = source.connect().await?;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS written (n bigserial, text text)")
            .execute(&mut connection)
            .await?;
        loop {
            sqlx::raw_sql("INSERT INTO written (text) SELECT repeat('x', 100) FROM generate_series(1, 10)")
                .execute(&mut connection)
                .await?;
            tokio::time::sleep(WRITES).await;
        }
    })
}

async fn spare_is_ready(fixture: &Fixture) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while fixture.metric("lakebase_spares").await? < 1.0 {
        if Instant::now() > deadline {
            return Err("no spare is made".into());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
