//! Branches of one local Lakebase, which are compared by the blocks that were written since they parted.

use std::time::Instant;

use lakebase::{
    Branch, Expiry, hours,
    local::{Durability, LocalLakebase},
};
use sqlx::{AssertSqlSafe, Executor as _};

use super::{
    CHANGED, change, load, peak,
    support::{
        disk::Disk,
        table::{Goal, Table, Unit},
    },
};

async fn run(branch: &Branch, sql: &str) {
    let mut session = branch.connect().await.expect("a session");
    for statement in sql.split(';').filter(|statement| !statement.trim().is_empty()) {
        let done = session.execute(AssertSqlSafe(statement.to_owned())).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

pub(super) async fn branches(disk: &Disk, rows: u64, rounds: usize, table: &mut Table) {
    let builder = LocalLakebase::builder().data_dir(disk.dir.join("lakebase")).durability(Durability::Fast);
    let local = builder.start().await.expect("a local Lakebase");
    let client = local.client().await.expect("a client");
    let project = client.create_project("bench").await.expect("a project");
    let production = project.default_branch().await.expect("a branch");
    // A checkpoint is for superusers.
    run(production.handle(), &load(rows).replace("; checkpoint", "")).await;
    let dev = production.create_branch("dev", Expiry::after(hours(1))).await.expect("a branch");
    run(dev.handle(), &change(rows)).await;
    let mut times = Vec::new();
    for _ in 0..=rounds {
        let begun = Instant::now();
        let diff = dev.compare_data(&production).await.expect("a comparison");
        times.push(begun.elapsed().as_secs_f64());
        assert_eq!(diff.counts().changed, CHANGED, "{}", diff.summary());
        if times.len() > rounds {
            for found in &diff.tables {
                table.note(format!("local branches: {} ({})", found.method, found.reason));
            }
        }
    }
    let goal = if rows == 10_000_000 { Goal::AtMost(0.5) } else { Goal::None };
    table.add("local branches, with logins", goal, Unit::Seconds, times.split_off(1));
    table.add("peak of memory of this process", Goal::AtMost(100.0), Unit::Megabytes, vec![peak()]);
    local.shutdown().await;
}
