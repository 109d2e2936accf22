//! A migration tried where nobody is hurt: what it did there.

use std::{fmt, time::Duration};

use serde::Serialize;
use sqlx::PgConnection;

use super::{
    ApplyOptions,
    apply::{Aids, apply_locked},
    hazards, lock,
    migration::Migrations,
    observe::{ObservedLock, Observer, Rewrite, Storage},
    report::ApplyReport,
    table::{self, Table},
};
use crate::{
    error::{Error, Result},
    schema::{self, Hazard, LockMode, Schema, SchemaDiff},
};

/// What a migration did on a fresh branch of its target: times, rows and locks as they were seen, the resulting
/// difference of the schema, and what is dangerous about it.
///
/// Nobody else works on that branch, so no time for waiting is in it.
///
/// ```no_run
/// # async fn show(production: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::migrate::Migration;
///
/// let tier = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text DEFAULT 'bronze'");
/// let rehearsal = production.rehearse(&tier).await?;
/// println!("{rehearsal}");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Rehearsal {
    /// The migrations and their statements, with times and rows.
    pub applied: ApplyReport,
    /// The locks it took on relations that were there before.
    pub locks: Vec<ObservedLock>,
    /// The tables it wrote anew.
    pub rewrites: Vec<Rewrite>,
    /// What it changed in the schema.
    pub diff: SchemaDiff,
    /// What is dangerous about it.
    pub hazards: Vec<Hazard>,
    /// From asking for the branch to the end of the last comparison.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
    pub duration: Duration,
    #[serde(skip)]
    pub(super) before: Schema,
    #[serde(skip)]
    pub(super) after: Schema,
}

/// Applies migrations to a database that is to be thrown away, over one connection, and watches over the other.
pub(super) async fn rehearse(
    conn: &mut PgConnection,
    watcher: PgConnection,
    migrations: &Migrations,
    options: &ApplyOptions,
    schema_options: &schema::Options,
) -> Result<Rehearsal> {
    let started = std::time::Instant::now();
    let before = read_schema(conn, schema_options).await?;
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *conn).await.map_err(unseen)?;
    lock::acquire(conn, options.wait_for_others).await?;
    let storage = Storage::read(conn).await.map_err(unseen)?;
    let observer = Observer::new(watcher, pid);
    let aids = Aids { observer: Some(&observer), branch: None };
    let applied = apply_locked(conn, migrations, options, aids).await?;
    let locks = observer.locks().map_err(unseen)?;
    let rewrites = storage.rewritten(conn).await.map_err(unseen)?;
    let after = read_schema(conn, schema_options).await?;
    let diff = schema::compare(&before, &after);
    let hazards = hazards::hazards(&applied, &locks, &rewrites, &diff);
    Ok(Rehearsal { applied, locks, rewrites, diff, hazards, duration: started.elapsed(), before, after })
}

/// The schema without the records of this crate, which are no part of it.
pub(super) async fn read_schema(conn: &mut PgConnection, options: &schema::Options) -> Result<Schema> {
    Ok(Schema::read(conn, options).await?)
}

fn unseen(error: sqlx::Error) -> Error {
    Error::database("watching the rehearsal", error)
}

impl Rehearsal {
    fn locks_table(&self) -> Table {
        let mut table = Table::new(&["#line", "lock", "on", "#held"]);
        for lock in self.locks.iter().filter(|lock| lock.mode >= LockMode::ShareUpdateExclusive) {
            table.row([
                lock.line.to_string(),
                lock.mode.to_string(),
                lock.relation.clone(),
                table::duration(lock.held),
            ]);
        }
        table
    }

    fn hazards_table(&self) -> Table {
        let mut table = Table::new(&["hazard", "of", "why"]);
        for hazard in &self.hazards {
            table.row([hazard.kind.to_string(), hazard.relation.clone(), hazard.why.clone()]);
        }
        table
    }

    /// The rehearsal in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Rehearsal ({})\n\n", table::duration(self.duration));
        text += &self.applied.markdown();
        for (title, table) in [("Locks", self.locks_table()), ("Hazards", self.hazards_table())] {
            if !table.is_empty() {
                text += &format!("**{title}**\n\n{}\n", table.markdown());
            }
        }
        text + &self.diff.markdown()
    }
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rehearsed in {}", table::duration(self.duration))?;
        write!(f, "{}", self.applied)?;
        for (title, table) in [("locks", self.locks_table()), ("hazards", self.hazards_table())] {
            if !table.is_empty() {
                write!(f, "{title}\n{table}")?;
            }
        }
        if self.diff.is_empty() {
            return writeln!(f, "the schema stays as it is");
        }
        write!(f, "{}", self.diff)
    }
}
