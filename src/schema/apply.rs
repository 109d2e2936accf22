//! Runs a plan.

use serde::Serialize;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::error::SchemaError;
use super::model::Schema;
use super::plan::{Plan, SETTINGS};

/// The result of applying a plan.
///
/// ```
/// fn show(applied: &lakebase::schema::Applied) {
///     println!("{} statements in {} steps", applied.statements, applied.steps);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Applied {
    /// The number of statements that ran.
    pub statements: usize,
    /// The number of transactions, each statement outside a transaction counted as one.
    pub steps: usize,
}

fn reset_all() -> String {
    let names =
        ["lock_timeout", "statement_timeout"].into_iter().chain(SETTINGS.iter().map(|(name, _)| *name));
    names.map(|name| format!("reset {name};")).collect()
}

impl Plan {
    /// Applies the plan to the connected database and verifies the resulting schema. The settings that the plan needs
    /// are set for the session and reset afterwards.
    ///
    /// # Errors
    ///
    /// [`SchemaError::OtherSchema`] before any change when the schema is not the one the plan was made for;
    /// [`SchemaError::Statement`] when a statement fails, with the number of those already committed;
    /// [`SchemaError::NotReached`] when all statements ran and the schema still differs from the target.
    pub async fn apply(&self, conn: &mut PgConnection) -> Result<Applied, SchemaError> {
        let found = Schema::read(conn, &self.read_options).await?.fingerprint();
        if found != self.from {
            return Err(SchemaError::OtherSchema { expected: self.from, found });
        }
        if self.is_empty() {
            return Ok(Applied { statements: 0, steps: 0 });
        }
        let settings = |source: sqlx::Error| SchemaError::Read { what: "settings", source: source.into() };
        for setting in self.preamble() {
            conn.execute(AssertSqlSafe(setting)).await.map_err(settings)?;
        }
        let ran = self.run(conn).await;
        let reset = conn.execute(AssertSqlSafe(reset_all())).await;
        let applied = ran?;
        reset.map_err(settings)?;
        let reached = Schema::read(conn, &self.read_options).await?;
        let found = reached.normalized(reached.server_version(), self.versions.as_ref()).fingerprint();
        if found != self.to {
            return Err(SchemaError::NotReached { expected: self.to, found });
        }
        Ok(applied)
    }

    async fn run(&self, conn: &mut PgConnection) -> Result<Applied, SchemaError> {
        let (mut done, mut steps) = (0, 0);
        for group in self.groups() {
            let failed = |number: usize, sql: &str, source: sqlx::Error| SchemaError::Statement {
                number,
                total: self.statements.len(),
                committed: done,
                sql: sql.to_owned(),
                source: source.into(),
            };
            if group.transactional {
                conn.execute("begin").await.map_err(|e| failed(done + 1, "BEGIN", e))?;
            }
            for (at, statement) in group.statements.iter().enumerate() {
                let ran = sqlx::raw_sql(AssertSqlSafe(statement.sql.clone())).execute(&mut *conn).await;
                if let Err(source) = ran {
                    if group.transactional {
                        // The first error is the one that matters; a lost connection rolls back by itself.
                        let _ = conn.execute("rollback").await;
                    }
                    return Err(failed(done + at + 1, &statement.sql, source));
                }
            }
            if group.transactional {
                let number = done + group.statements.len();
                conn.execute("commit").await.map_err(|e| failed(number, "COMMIT", e))?;
            }
            done += group.statements.len();
            steps += 1;
        }
        Ok(Applied { statements: done, steps })
    }
}
