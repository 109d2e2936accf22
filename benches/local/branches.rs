//! Time and storage of a branch.

use std::{sync::Arc, time::Instant};

use lakebase::{Branch, Expiry, hours, model::BranchInfo};
use tokio::task::JoinSet;

use super::{
    Effort, Result,
    disk::Disk,
    fixture::{FILLER_ROW, Fixture},
    processes,
    table::{
        Goal, Table,
        Unit::{Megabytes, Milliseconds, Ratio, Seconds},
        milliseconds,
    },
    timeline::Timeline,
};

const DEMONSTRATION_ROW: &str = "SELECT name FROM ecommerce.products LIMIT 1";
const AT_ONCE: usize = 100;

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
            table.add(what, Goal::AtMost(90.0), Milliseconds, samples);
        }
    }
    if let (Some(small), Some(large)) = (table.median_of(&whats[0]), table.median_of(&whats[1])) {
        table.add(&growth, Goal::AtMost(1.3), Ratio, vec![large / small]);
    }
    Ok(())
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

/// A hundred branches created at once, each queried.
pub(crate) async fn at_once(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("{AT_ONCE} branches at once, each queried, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = Arc::new(fixture.demonstration().await?);
    let mut samples = Vec::new();
    for _ in 0..effort.at_once {
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (source, id) = (Arc::clone(&source), fixture.fresh_id());
            tasks.spawn(async move {
                let branch = source.create_branch(id, Expiry::after(hours(1))).await?;
                let mut connection = branch.connect().await?;
                sqlx::query(DEMONSTRATION_ROW).fetch_one(&mut connection).await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(branch)
            });
        }
        let made: Vec<_> = tasks.join_all().await;
        samples.push(begun.elapsed().as_secs_f64());
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
        if let Some(error) = first {
            return Err(format!("{failed} of {AT_ONCE} branches failed; the first: {error}").into());
        }
    }
    table.add(&what, Goal::AtMost(12.0), Seconds, samples);
    Ok(())
}
