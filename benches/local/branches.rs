//! Time and storage of a branch.

use std::time::{Duration, Instant};

use lakebase::{Branch, Expiry, hours, model::BranchInfo};
use sqlx::{Connection as _, Executor as _};
use tokio::task::JoinSet;

use super::{
    Effort, Result,
    disk::Disk,
    fixture::{FILLER_ROW, Fixture, write},
    processes,
    table::{
        Goal, Table,
        Unit::{Megabytes, Milliseconds, PerSecond, Ratio, Seconds},
        median, milliseconds,
    },
    timeline::Timeline,
    warm::writer,
};

pub(crate) const DEMONSTRATION_ROW: &str = "SELECT name FROM ecommerce.products LIMIT 1";
/// Branches that are created at the same time.
const AT_ONCE: [usize; 2] = [16, 100];

/// A branch of the database of the examples.
pub(crate) async fn demonstration(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("create branch → first row, demo database, {}", disk.name);
    if table.wants(&what) {
        let source = fixture.demonstration().await?;
        let goal = if disk.name == "XFS" { 80.0 } else { 150.0 };
        let cpu = processes::cpu_time()?;
        let samples = time(fixture, &source, DEMONSTRATION_ROW, effort.branches).await?;
        let spent = (processes::cpu_time()? - cpu).as_secs_f64() * 1000.0 / (effort.branches + 1) as f64;
        table.add(&what, Goal::AtMost(goal), Milliseconds, samples);
        let what = format!("  CPU time of it, its deletion included, {}", disk.name);
        table.add(&what, Goal::None, Milliseconds, vec![spent]);
    }
    Ok(())
}

/// Branches of a small and of a large database, and how the time grows.
pub(crate) async fn sizes(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let whats = effort.sizes.map(|size| format!("create branch → first row, {size} MB, {}", disk.name));
    let growth = format!("  growth of it from {} MB to {} MB", effort.sizes[0], effort.sizes[1]);
    for (what, size) in whats.iter().zip(effort.sizes) {
        if table.wants(what) || table.wants(&growth) {
            let known = fixture.lakebase.project(format!("filled-{size}"))?.try_get().await?.is_some();
            if !known && disk.free()? < (size << 20) * 5 / 4 {
                return Err(format!("{size} MB do not fit on {}; use --quick", disk.dir.display()).into());
            }
            let source = fixture.filled(size).await?;
            // The system writes gigabytes back for a while, which is not what is measured.
            disk.sync()?;
            let timeline = Timeline::now(fixture).await?;
            let samples = time(fixture, &source, FILLER_ROW, effort.branches).await?;
            timeline.print_since(fixture, what).await?;
            point(table, "a cold branch", size, &samples);
            table.add(what, Goal::AtMost(60.0), Milliseconds, samples);
        }
    }
    if let (Some(small), Some(large)) = (table.median_of(&whats[0]), table.median_of(&whats[1])) {
        table.add(&growth, Goal::AtMost(1.2), Ratio, vec![large / small]);
    }
    Ok(())
}

/// Adds the median to the plot of times against sizes.
pub(crate) fn point(table: &mut Table, way: &str, megabytes: u64, samples: &[f64]) {
    if let (false, Some(median)) = (table.is_durable(), median(samples)) {
        let axes = ("megabytes of the database", "milliseconds to the first row");
        table.plot("branch-time", "A copy of a database by its size", axes).point(
            way,
            megabytes as f64,
            median,
        );
    }
}

async fn time(
    fixture: &Fixture,
    source: impl AsRef<Branch>,
    row: &'static str,
    runs: usize,
) -> Result<Vec<f64>> {
    let source = source.as_ref();
    let mut samples = Vec::new();
    // The first one warms up what the others find warm.
    for run in 0..=runs {
        let (branch, taken) = fixture.branch(source, row).await?;
        branch.delete().purge().await?;
        if run > 0 {
            samples.push(milliseconds(taken));
        }
    }
    Ok(samples)
}

/// Storage that fresh branches take, by the file system and by their own report.
pub(crate) async fn storage(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("storage added by a fresh running branch, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.filled(effort.sizes[0]).await?;
    let (mut measured, mut reported, mut branches) = (Vec::new(), Vec::new(), Vec::<BranchInfo>::new());
    for _ in 0..5 {
        let before = disk.used()?;
        let (branch, _) = fixture.branch(&source, FILLER_ROW).await?;
        let after = disk.used()?;
        measured.push(after.saturating_sub(before) as f64 / f64::from(1 << 20));
        let copy = branch.copy.as_ref().map_or(0, |copy| copy.bytes_added);
        reported.push(copy as f64 / f64::from(1 << 20));
        branches.push(branch);
    }
    for branch in branches {
        branch.delete().purge().await?;
    }
    table.add(&what, Goal::AtMost(8.0), Megabytes, measured);
    let what = format!("  as the branch itself reports, {}", disk.name);
    table.add(&what, Goal::AtMost(8.0), Megabytes, reported);
    Ok(())
}

/// Branches of a source that wrote a lot lately, and is written to all the time.
pub(crate) async fn written_to(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let [megabytes, written] = [effort.sizes[0], effort.history_mb];
    let what = format!(
        "create branch → first row, {megabytes} MB, {written} MB written lately and written to, {}",
        disk.name
    );
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.project("written-to", async |connection| write(connection, megabytes).await).await?;
    let mut connection = source.connect().await?;
    for _ in 0..written / megabytes {
        connection.execute("UPDATE filler SET id = id + 1").await?;
        connection.execute("VACUUM filler").await?;
    }
    connection.close().await?;
    let writer = writer(&source);
    let samples = time(fixture, &source, FILLER_ROW, effort.branches).await;
    writer.abort();
    table.add(&what, Goal::AtMost(80.0), Milliseconds, samples?);
    Ok(())
}

/// Many branches created at once, each queried.
pub(crate) async fn at_once(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    for count in AT_ONCE {
        let what = format!("{count} branches at once, each queried, {}", disk.name);
        if !table.wants(&what) {
            continue;
        }
        let source = fixture.demonstration().await?;
        let mut samples = Vec::new();
        for _ in 0..effort.at_once {
            samples.push(create_at_once(fixture, &source, count).await?.as_secs_f64());
        }
        let rates = samples.iter().map(|taken| count as f64 / taken).collect();
        let goal = if count == 16 { Goal::None } else { Goal::AtMost(12.0) };
        table.add(&what, goal, Seconds, samples);
        let goal = if count == 16 { Goal::AtLeast(20.0) } else { Goal::None };
        table.add(&format!("  branches a second of {count}, {}", disk.name), goal, PerSecond, rates);
    }
    Ok(())
}

async fn create_at_once(fixture: &Fixture, source: &BranchInfo, count: usize) -> Result<Duration> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (source, id) = (source.clone(), fixture.fresh_id());
        tasks.spawn(async move {
            let branch = source.create_branch(id, Expiry::after(hours(1))).await?;
            let mut connection = branch.connect().await?;
            sqlx::query(DEMONSTRATION_ROW).fetch_one(&mut connection).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(branch)
        });
    }
    let made: Vec<_> = tasks.join_all().await;
    let taken = begun.elapsed();
    let failed = made.iter().filter(|made| made.is_err()).count();
    let mut deletions = JoinSet::new();
    let mut first = None;
    for made in made {
        match made {
            Ok(branch) => drop(deletions.spawn(async move { branch.delete().purge().await })),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    deletions.join_all().await.into_iter().collect::<lakebase::Result<Vec<_>>>()?;
    match first {
        Some(error) => Err(format!("{failed} of {count} branches failed; the first: {error}").into()),
        None => Ok(taken),
    }
}
