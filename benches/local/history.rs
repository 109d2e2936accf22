//! The past of a branch: its points, its cost for branches of the present, and for the work meanwhile.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use lakebase::{Branch, Expiry, hours, local::Durability};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{
    Effort, Result,
    disk::Disk,
    fixture::{FILLER_ROW, Fixture},
    pgbench::rate,
    plain::{Plain, Target},
    table::{
        Goal, Table,
        Unit::{Milliseconds, Ratio, Seconds},
        median, milliseconds,
    },
};

/// Megabytes of the databases whose history differs.
const SMALL_MB: u64 = 50;
const CLIENTS: &str = "8";

/// From the request for a branch of a second ago to its first row.
pub(crate) async fn past(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let megabytes = effort.history_mb;
    let what = format!("branch one second in the past → first row, {megabytes} MB written, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.filled(megabytes).await?;
    let mut samples = Vec::new();
    let mut connection = source.connect().await?;
    connection.execute("CREATE TABLE IF NOT EXISTS tick (n bigint)").await?;
    for _ in 0..effort.pasts {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            connection.execute("INSERT INTO tick VALUES (1)").await?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let then = Utc::now() - TimeDelta::seconds(1);
        let begun = Instant::now();
        let branch = source.create_branch(fixture.fresh_id(), Expiry::after(hours(1))).at_time(then).await?;
        let mut past = branch.connect().await?;
        sqlx::query(FILLER_ROW).fetch_one(&mut past).await?;
        samples.push(begun.elapsed().as_secs_f64());
        past.close().await?;
        branch.delete().purge().await?;
    }
    connection.close().await?;
    table.add(&what, Goal::AtMost(1.0), Seconds, samples);
    Ok(())
}

/// Branches of two sources of one size, of which one has written much more.
pub(crate) async fn carried(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let megabytes = effort.history_mb;
    let what =
        format!("branch of a source with {megabytes} MB of WAL history ÷ of a fresh one, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let fill = format!(
        "CREATE TABLE filler AS SELECT id, repeat(md5(id::text), 13) AS text
                        FROM generate_series(1, {SMALL_MB} * 2176) id"
    );
    let write = format!(
        "SELECT count(pg_logical_emit_message(false, 'bench', repeat('x', 1000000)))
         FROM generate_series(1, {megabytes})"
    );
    let mut sources = Vec::new();
    for (id, statements) in [("history-none", vec![&fill]), ("history-much", vec![&fill, &write])] {
        let source = fixture.project(id, async |connection| {
            for statement in statements {
                connection.execute(AssertSqlSafe(statement.clone())).await?;
            }
            Ok(())
        });
        sources.push(source.await?);
    }
    // Until the work after the writes is done.
    tokio::time::sleep(Duration::from_secs(5)).await;
    disk.sync()?;
    let mut samples = [Vec::new(), Vec::new()];
    for run in 0..=effort.branches {
        for (source, samples) in sources.iter().zip(&mut samples) {
            let (branch, taken) = fixture.branch(source, FILLER_ROW).await?;
            branch.delete().purge().await?;
            if run > 0 {
                samples.push(milliseconds(taken));
            }
        }
    }
    let (Some(fresh), Some(old)) = (median(&samples[0]), median(&samples[1])) else { return Ok(()) };
    eprintln!("fresh {fresh:.1} ms, with history {old:.1} ms");
    table.add(&what, Goal::AtMost(1.1), Ratio, vec![old / fresh]);
    Ok(())
}

/// From the request for a snapshot of a running branch to its answer.
pub(crate) async fn snapshot(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let megabytes = effort.history_mb;
    let what = format!("snapshot of a running branch, {megabytes} MB, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.filled(megabytes).await?;
    disk.sync()?;
    let mut connection = source.connect().await?;
    connection.execute("CREATE TABLE IF NOT EXISTS snapped (n bigint)").await?;
    let mut samples = Vec::new();
    for run in 0..=effort.branches {
        // Something to write out each time.
        connection.execute("INSERT INTO snapped SELECT generate_series(1, 1000)").await?;
        let begun = Instant::now();
        let snapshot =
            source.handle().project().create_snapshot(fixture.fresh_id(), &source, Expiry::Never).await?;
        let taken = milliseconds(begun.elapsed());
        snapshot.delete().await?;
        if run > 0 {
            samples.push(taken);
        }
    }
    connection.close().await?;
    table.add(&what, Goal::AtMost(100.0), Milliseconds, samples);
    Ok(())
}

/// From the request to restore a deleted branch to its answer.
pub(crate) async fn undelete(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("undelete, {}", disk.name);
    if !table.wants(&what) {
        return Ok(());
    }
    let source = fixture.demonstration().await?;
    let (branch, _) = fixture.branch(&source, "SELECT name FROM ecommerce.products LIMIT 1").await?;
    let handle: &Branch = branch.as_ref();
    let mut samples = Vec::new();
    for _ in 0..effort.branches {
        handle.delete().await?;
        let begun = Instant::now();
        handle.undelete().await?;
        samples.push(milliseconds(begun.elapsed()));
    }
    handle.delete().purge().await?;
    table.add(&what, Goal::AtMost(150.0), Milliseconds, samples);
    Ok(())
}

/// TPC-B while bases are taken, beside a server that keeps no history; where commits wait for no disk, which would hide
/// what bases take.
pub(crate) async fn throughput(
    fixture: &Fixture,
    disk: &Disk,
    effort: &Effort,
    table: &mut Table,
) -> Result<()> {
    let what = format!("pgbench TPC-B, {CLIENTS} clients, while bases are taken ÷ without, {}", disk.name);
    if table.is_durable() || !table.wants(&what) {
        return Ok(());
    }
    let without = Fixture::without_history(disk, Durability::Fast).await?;
    let mut targets = Vec::new();
    for fixture in [fixture, &without] {
        let production = fixture.project("tpcb", async |_| Ok(())).await?;
        targets.push((production.clone(), Target::gateway(&production.connection_info().await?).await?));
    }
    let Some((first, _)) = targets.first() else { return Ok(()) };
    let plain = Plain::like(first, disk).await?;
    let pgbench = plain.client_program("pgbench");
    plain.stop().await?;
    for (_, target) in &targets {
        target.run(&pgbench, &["-i", "-s", "20", "-q"]).await?;
    }
    let seconds = effort.tpcb_seconds.to_string();
    let load = ["-c", CLIENTS, "-j", "2", "-T", &seconds];
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..effort.pgbench_rounds {
        for ((_, target), rates) in targets.iter().zip(&mut rates) {
            rates.push(rate(&target.run(&pgbench, &load).await?)?);
        }
    }
    let bases = bases(disk, first.uid.as_deref().unwrap_or_default());
    without.close().await;
    let (Some(with), Some(bare)) = (median(&rates[0]), median(&rates[1])) else { return Ok(()) };
    eprintln!("transactions per second: with history {with:.0}, without {bare:.0}; {bases} bases taken");
    let ratios = rates[0].iter().zip(&rates[1]).map(|(with, bare)| with / bare).collect();
    table.add(&what, Goal::AtLeast(0.95), Ratio, ratios);
    Ok(())
}

/// The number of bases of a branch.
fn bases(disk: &Disk, branch_uid: &str) -> usize {
    let Ok(projects) = std::fs::read_dir(disk.dir.join("data/branches")) else { return 0 };
    let of = |project: std::fs::DirEntry| {
        std::fs::read_dir(project.path().join(branch_uid).join("bases")).map_or(0, Iterator::count)
    };
    projects.flatten().map(of).sum()
}
