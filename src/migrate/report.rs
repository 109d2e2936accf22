//! What applying did.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::table::{self, Table};

/// What became of each migration, in order. Prints as a table, serialises, and renders [Markdown](Self::markdown).
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
    /// One entry a migration that was looked at.
    pub migrations: Vec<MigrationReport>,
}

/// What became of one migration.
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
    /// How it ended.
    pub outcome: Outcome,
    /// The statements that are committed now, with their timing.
    pub statements: Vec<StatementReport>,
    /// From its first statement to the last commit, with all waiting and trying again.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
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
    /// All of it is committed and recorded.
    Applied,
    /// It had been applied before, with the same text; nothing was done.
    AlreadyApplied,
    /// It failed and nothing of it was committed.
    Nothing,
    /// It failed, and these first statements stay committed.
    Partial {
        /// How many statements are committed, counted from the first.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// The connection was lost while PostgreSQL was committing: the statements after the first `done` may be
    /// committed or not.
    Unknown {
        /// How many statements are certainly committed, counted from the first.
        done: usize,
        /// How many may be: these.
        maybe: usize,
        /// How many there are.
        of: usize,
    },
}

impl Outcome {
    /// Whether the migration is applied now.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Applied | Self::AlreadyApplied)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied => f.write_str("applied"),
            Self::AlreadyApplied => f.write_str("had been applied before"),
            Self::Nothing => f.write_str("nothing of it was applied"),
            Self::Partial { done, of } => {
                write!(f, "its first {done} of {of} statements are committed, the rest is not")
            }
            Self::Unknown { done, maybe, of } => {
                write!(
                    f,
                    "its first {done} of {of} statements are committed; whether the next {maybe} are, is not known"
                )
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
    /// The character at which it starts in that line, from 1.
    pub column: usize,
    /// Whether it ran as part of a transaction.
    pub transactional: bool,
    /// How many rows it touched, or returned.
    pub rows: u64,
    /// How long it ran, waiting for locks included.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
    pub duration: Duration,
    /// How often its transaction was tried.
    pub attempts: u32,
}

impl ApplyReport {
    /// The report in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for migration in &self.migrations {
            text += &format!("**{}**: {}\n\n", table::escape(&migration.id), migration.ended());
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
    /// Whether it did, or may have done, something to the database.
    pub(super) fn is_felt(&self) -> bool {
        !matches!(self.outcome, Outcome::Nothing | Outcome::AlreadyApplied)
    }

    fn ended(&self) -> String {
        match self.outcome {
            Outcome::Applied => format!("applied in {}", table::duration(self.duration)),
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
                table::shortened(&statement.sql, 60),
                statement.rows.to_string(),
                table::duration(statement.duration),
                format!("{within}{tries}"),
            ]);
        }
        table
    }
}

impl fmt::Display for ApplyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for migration in &self.migrations {
            writeln!(f, "{}: {}", migration.id, migration.ended())?;
            let statements = migration.table();
            if !statements.is_empty() {
                write!(f, "{statements}")?;
            }
        }
        Ok(())
    }
}
