//! The result of applying migrations.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::text_table::{self, Table};

/// The result of each migration, in order. Prints as a table, serializes, and renders [Markdown](Self::markdown).
///
/// ```
/// # async fn show(conn: &mut sqlx::PgConnection) -> lakebase::Result<()> {
/// use lakebase::migrate::{self, ApplyOptions, Migration};
///
/// let tier = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text");
/// let report = migrate::apply(conn, &tier, &ApplyOptions::default()).await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct ApplyReport {
    /// One entry for each migration, up to the one that failed.
    pub migrations: Vec<MigrationReport>,
}

/// The result of one migration.
///
/// ```
/// # fn show(report: lakebase::migrate::ApplyReport) {
/// for migration in report.migrations {
///     println!("{}: {:?}, {} statements", migration.id, migration.outcome, migration.statements.len());
/// }
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct MigrationReport {
    /// The id of the migration.
    pub id: String,
    /// The description of a migration from an sqlx `Migrator`.
    pub description: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The statements that are committed now, with their timing.
    pub statements: Vec<StatementReport>,
    /// From its first statement to the last commit, waits and retries included.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
    pub duration: Duration,
}

/// How applying a migration ended.
///
/// ```
/// use lakebase::migrate::Outcome;
/// assert!(Outcome::Applied.is_success() && !Outcome::Nothing.is_success());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
#[non_exhaustive]
pub enum Outcome {
    /// All statements are committed and recorded.
    Applied,
    /// It had been applied before, with the same text; nothing was changed.
    AlreadyApplied,
    /// It failed and nothing of it was committed.
    Nothing,
    /// It failed, and these first statements stay committed.
    Partial {
        /// The number of committed statements, counted from the first.
        done: usize,
        /// The number of statements in the migration.
        of: usize,
    },
    /// The connection was lost while PostgreSQL was committing: the statements after the first `done` may be
    /// committed or not.
    Unknown {
        /// The number of statements certainly committed, counted from the first.
        done: usize,
        /// The number of statements that may be committed too.
        maybe: usize,
        /// The number of statements in the migration.
        of: usize,
    },
}

impl Outcome {
    /// Whether the migration is applied now.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Applied | Self::AlreadyApplied)
    }
}

/// `1 of 3 statements is`, `2 of 3 statements are`.
fn of_all(done: usize, of: usize) -> String {
    format!("{done} of {} {}", text_table::count(of, "statement"), if done == 1 { "is" } else { "are" })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied => f.write_str("applied"),
            Self::AlreadyApplied => f.write_str("had been applied before"),
            Self::Nothing => f.write_str("nothing of it was applied"),
            Self::Partial { done, of } => {
                write!(f, "the first {} committed, the rest is not", of_all(*done, *of))
            }
            Self::Unknown { done, maybe, of } => {
                let next = if *maybe == 1 { "one is".to_owned() } else { format!("{maybe} are") };
                write!(f, "the first {} committed; it is unknown whether the next {next}", of_all(*done, *of))
            }
        }
    }
}

/// One statement that was run.
///
/// ```
/// # fn show(statement: lakebase::migrate::StatementReport) {
/// println!("line {}: {} rows in {:?}", statement.line, statement.rows, statement.duration);
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StatementReport {
    /// The statement.
    pub sql: String,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// The column in characters at which it starts, from 1.
    pub column: usize,
    /// Whether it ran as part of a transaction.
    pub transactional: bool,
    /// The number of rows that it changed or returned.
    pub rows: u64,
    /// Its duration, including waits for locks.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
    pub duration: Duration,
    /// The number of attempts of its transaction.
    pub attempts: u32,
}

impl ApplyReport {
    /// The report in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for migration in &self.migrations {
            text += &format!("**{}**: {}\n\n", text_table::escape(&migration.title()), migration.ended());
            let statements = migration.table();
            if !statements.is_empty() {
                text += &statements.markdown();
                text.push('\n');
            }
        }
        text
    }

    /// Whether every migration had been applied before.
    pub fn is_unchanged(&self) -> bool {
        self.migrations.iter().all(|migration| migration.outcome == Outcome::AlreadyApplied)
    }
}

impl MigrationReport {
    /// Whether it changed the database or may have changed it.
    pub(super) fn may_have_changed(&self) -> bool {
        !matches!(self.outcome, Outcome::Nothing | Outcome::AlreadyApplied)
    }

    /// `1 add tier` of an sqlx migration, else the id.
    fn title(&self) -> String {
        match &self.description {
            Some(description) => format!("{} {description}", self.id),
            None => self.id.clone(),
        }
    }

    fn ended(&self) -> String {
        match self.outcome {
            Outcome::Applied => format!("applied in {}", text_table::duration(self.duration)),
            ref outcome => outcome.to_string(),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["#line", "statement", "#rows", "#time", "in"]);
        for statement in &self.statements {
            let within = if statement.transactional { "transaction" } else { "itself" };
            let tries =
                if statement.attempts > 1 { format!(", try {}", statement.attempts) } else { String::new() };
            table.row([
                statement.line.to_string(),
                text_table::shortened(&statement.sql, 60),
                statement.rows.to_string(),
                text_table::duration(statement.duration),
                format!("{within}{tries}"),
            ]);
        }
        table
    }
}

impl fmt::Display for ApplyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for migration in &self.migrations {
            writeln!(f, "{}: {}", migration.title(), migration.ended())?;
            let statements = migration.table();
            if !statements.is_empty() {
                write!(f, "{statements}")?;
            }
        }
        Ok(())
    }
}
