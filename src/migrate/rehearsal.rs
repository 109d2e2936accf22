//! The dry run of migrations on a temporary branch, and its result.

use std::{fmt, time::Duration};

use serde::Serialize;
use sqlx::PgConnection;

use super::{
    apply::{Hooks, apply_under_lock},
    lock,
    migrations::Migrations,
    observe::{ObservedLock, Observer, Rewrite, Storage},
    observed_hazards,
    options::RequestOptions,
    report::ApplyReport,
    text_table::{self, Table},
};
use crate::{
    api::branch::Branch,
    error::{Error, Result},
    schema::{self, Hazard, LockMode, Schema, SchemaDiff},
};

/// The effects of migrations on a temporary branch of their target: observed times, rows and locks, the resulting
/// difference of the schema, and the hazards.
///
/// No other session works on that branch, so the times contain no waiting.
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
    /// The locks on relations that existed before.
    pub locks: Vec<ObservedLock>,
    /// The tables that were rewritten.
    pub rewrites: Vec<Rewrite>,
    /// The changes of the schema.
    pub diff: SchemaDiff,
    /// The hazards.
    pub hazards: Vec<Hazard>,
    /// From the request for the branch to the end of the last comparison.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
    pub duration: Duration,
    #[serde(skip)]
    pub(super) before: Schema,
    #[serde(skip)]
    pub(super) after: Schema,
}

/// Applies migrations to a temporary database over one connection and observes them over the other.
pub(super) async fn rehearse(
    conn: &mut PgConnection,
    observer: PgConnection,
    branch: &Branch,
    migrations: &Migrations,
    options: &RequestOptions,
) -> Result<Rehearsal> {
    let started = std::time::Instant::now();
    let before = read_schema(conn, &options.schema).await?;
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *conn).await.map_err(unobserved)?;
    lock::acquire(conn, options.apply.wait_for_others).await?;
    let storage = Storage::read(conn).await.map_err(unobserved)?;
    let observer = Observer::new(observer, pid);
    let hooks = Hooks { observer: Some(&observer), reconnect: None, branch: Some(branch) };
    let applied = apply_under_lock(conn, migrations, &options.apply, hooks).await?;
    let locks = observer.locks().map_err(unobserved)?;
    let rewrites = storage.rewritten(conn).await.map_err(unobserved)?;
    let after = read_schema(conn, &options.schema).await?;
    let diff = schema::compare(&before, &after);
    let hazards = observed_hazards::hazards(&applied, &locks, &rewrites, &diff);
    Ok(Rehearsal { applied, locks, rewrites, diff, hazards, duration: started.elapsed(), before, after })
}

/// Reads the schema, without the tables of this crate.
pub(super) async fn read_schema(conn: &mut PgConnection, options: &schema::Options) -> Result<Schema> {
    Ok(Schema::read(conn, options).await?)
}

fn unobserved(error: sqlx::Error) -> Error {
    Error::database("observing the rehearsal", error)
}

impl Rehearsal {
    fn locks_table(&self) -> Table {
        let mut table = Table::new(&["#line", "lock", "on", "#held"]);
        for lock in self.locks.iter().filter(|lock| lock.mode >= LockMode::ShareUpdateExclusive) {
            table.row([
                lock.line.to_string(),
                lock.mode.to_string(),
                lock.relation.clone(),
                text_table::duration(lock.held),
            ]);
        }
        table
    }

    fn hazards_table(&self) -> Table {
        let mut table = Table::new(&["hazard", "of", "why"]);
        for hazard in &self.hazards {
            table.row([hazard.kind.to_string(), hazard.relation.clone(), hazard.reason.clone()]);
        }
        table
    }

    /// The rehearsal in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!("### Rehearsal ({})\n\n", text_table::duration(self.duration));
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
        writeln!(f, "rehearsed in {}", text_table::duration(self.duration))?;
        write!(f, "{}", self.applied)?;
        for (title, table) in [("locks", self.locks_table()), ("hazards", self.hazards_table())] {
            if !table.is_empty() {
                write!(f, "{title}\n{table}")?;
            }
        }
        if self.diff.is_empty() {
            return writeln!(f, "the schema is unchanged");
        }
        write!(f, "{}", self.diff)
    }
}
