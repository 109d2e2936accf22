//! Copies without branches, in the same run: the same data in a plain PostgreSQL, copied in three ways.

use std::time::Instant;

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::{
    Effort, Result,
    branches::point,
    disk::Disk,
    fixture::{FILLER_ROW, Fixture, fill},
    plain::{Plain, Target, stop},
    table::{
        Goal, Table,
        Unit::{Milliseconds, Ratio},
        median, milliseconds,
    },
};

const WAYS: [Way; 3] = [Way::Template, Way::Backup, Way::Dump];

#[derive(Clone, Copy)]
enum Way {
    Template,
    Backup,
    Dump,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Template => "CREATE DATABASE … TEMPLATE (no other session in the source)",
            Self::Backup => "pg_basebackup and start",
            Self::Dump => "pg_dump | psql",
        }
    }
}

/// Copies of databases of some sizes, each timed in turns with a branch of the same data.
pub(crate) async fn copies(fixture: &Fixture, disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    for megabytes in effort.peer_sizes {
        let what =
            |way: Way| format!("for comparison: {} → first row, {megabytes} MB, {}", way.name(), disk.name);
        if !WAYS.iter().any(|way| table.wants(&what(*way))) {
            continue;
        }
        let source = fixture.filled(megabytes).await?;
        let plain = Plain::like(&source, disk).await?;
        fill(&plain.target, "source", megabytes).await?;
        disk.sync()?;
        let (mut branches, mut copies) = (Vec::new(), [const { Vec::new() }; 3]);
        for _ in 0..effort.peer_rounds {
            let (branch, taken) = fixture.branch(&source, FILLER_ROW).await?;
            branch.delete().purge().await?;
            branches.push(milliseconds(taken));
            for (way, samples) in WAYS.iter().zip(&mut copies) {
                samples.push(time(*way, &plain).await?);
            }
        }
        plain.stop().await?;
        point(table, "a cold branch", megabytes, &branches);
        let Some(branch) = median(&branches) else { return Err("no rounds".into()) };
        for (way, samples) in WAYS.into_iter().zip(copies) {
            let slower = median(&samples).map(|copy| copy / branch);
            point(table, way.name(), megabytes, &samples);
            table.add(&what(way), Goal::None, Milliseconds, samples);
            let what =
                format!("  ÷ a branch of the same data, {}, {megabytes} MB, {}", way.name(), disk.name);
            table.add(&what, Goal::None, Ratio, slower.into_iter().collect());
        }
    }
    Ok(())
}

async fn time(way: Way, plain: &Plain) -> Result<f64> {
    match way {
        Way::Template => {
            let mut admin = plain.target.connect("postgres").await?;
            let begun = Instant::now();
            admin.execute("CREATE DATABASE copy TEMPLATE source").await?;
            let taken = first_row(&plain.target, "copy", begun).await?;
            admin.execute("DROP DATABASE copy").await?;
            admin.close().await?;
            Ok(taken)
        }
        Way::Backup => {
            let begun = Instant::now();
            let port = plain.target.port.to_string();
            let mut backup = plain.program("pg_basebackup");
            backup.env("PGSSLMODE", "require").args(["-h", "127.0.0.1", "-U", "bench", "-p", &port]);
            let done =
                backup.args(["-D", "copy", "-c", "fast", "-X", "stream", "--no-sync"]).status().await?;
            if !done.success() {
                return Err("pg_basebackup failed".into());
            }
            let (mut server, target) = plain.copy("copy").await?;
            let taken = first_row(&target, "source", begun).await?;
            stop(&mut server).await?;
            std::fs::remove_dir_all(plain.beside("copy"))?;
            Ok(taken)
        }
        Way::Dump => {
            let mut admin = plain.target.connect("postgres").await?;
            let begun = Instant::now();
            admin.execute("CREATE DATABASE copy").await?;
            let pipe = format!(
                "set -o pipefail; '{}' source | '{}' -q -v ON_ERROR_STOP=1 copy",
                plain.client_program("pg_dump").display(),
                plain.client_program("psql").display()
            );
            plain.target.run("bash".as_ref(), &["-c", &pipe]).await?;
            let taken = first_row(&plain.target, "copy", begun).await?;
            admin.execute("DROP DATABASE copy").await?;
            admin.close().await?;
            Ok(taken)
        }
    }
}

async fn first_row(target: &Target, database: &str, begun: Instant) -> Result<f64> {
    let mut session: PgConnection = target.connect(database).await?;
    session.execute(FILLER_ROW).await?;
    let taken = milliseconds(begun.elapsed());
    session.close().await?;
    Ok(taken)
}
