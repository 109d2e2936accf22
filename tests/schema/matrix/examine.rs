//! The outcome of each cell. Cells of one replaced object share a database while they are equal or refused by name;
//! where a group fails, those that the complaint names are examined alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use lakebase::schema::{PlanError, compare};
use regex::Regex;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::cells::{Dependent, Replaced};
use crate::schema::case::Case;
use crate::schema::run::{Apply, Outcome, Side, migrate};
use crate::support::postgres::{Cluster, Database};

/// The outcome of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Equal,
    /// With the line of the plan's refusal that names it.
    Refused(String),
    Wrong(String),
    /// PostgreSQL has no such dependency.
    Impossible(String),
}

impl Cell {
    /// The word for the outcome, and its reason.
    pub(super) fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Equal => ("equal", ""),
            Self::Refused(reason) => ("refused", reason),
            Self::Impossible(reason) => ("impossible", reason),
            Self::Wrong(complaint) => ("wrong", complaint),
        }
    }
}

/// One replaced object in one direction.
pub(super) struct Line<'a> {
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) replaced: &'a Replaced,
    /// The sections of the old and the new side.
    pub(super) sides: [&'static str; 2],
}

pub(super) type Cells = BTreeMap<String, Cell>;

impl Line<'_> {
    /// Examines cells together.
    pub(super) fn examine(&self, cells: Vec<Dependent>) -> BoxFuture<'_, Cells> {
        Box::pin(async move {
            if cells.is_empty() {
                return Cells::new();
            }
            match self.together(&cells).await {
                Ok(()) => cells.iter().map(|cell| (cell.name.clone(), Cell::Equal)).collect(),
                Err(found) if cells.len() == 1 => Cells::from([(cells[0].name.clone(), found)]),
                Err(Cell::Refused(reasons)) => self.without_refused(cells, &reasons).await,
                Err(Cell::Wrong(complaint) | Cell::Impossible(complaint)) => {
                    self.split(cells, &complaint).await
                }
                Err(Cell::Equal) => unreachable!("equal is no failure"),
            }
        })
    }

    /// Those that a refusal names are refused; the others are examined without them.
    async fn without_refused(&self, cells: Vec<Dependent>, reasons: &str) -> Cells {
        let reason = |cell: &Dependent| reasons.lines().find(|line| names(line, cell)).map(str::to_owned);
        let (refused, rest): (Vec<_>, Vec<_>) = cells.into_iter().partition(|cell| reason(cell).is_some());
        if refused.is_empty() {
            return self.split(rest, reasons).await;
        }
        let of = |cell: &Dependent| (cell.name.clone(), Cell::Refused(reason(cell).unwrap_or_default()));
        let mut found: Cells = refused.iter().map(of).collect();
        found.extend(self.examine(rest).await);
        found
    }

    /// Those that a complaint names are examined alone, the others together; or two halves if it names all or none.
    async fn split(&self, cells: Vec<Dependent>, complaint: &str) -> Cells {
        let (named, rest): (Vec<_>, Vec<_>) = cells.into_iter().partition(|cell| names(complaint, cell));
        let mut found = Cells::new();
        if named.is_empty() || named.len() > 4 {
            let all = [named, rest].concat();
            let (one, other) = all.split_at(all.len() / 2);
            found.extend(self.examine(one.to_vec()).await);
            found.extend(self.examine(other.to_vec()).await);
            return found;
        }
        for cell in named {
            found.extend(self.examine(vec![cell]).await);
        }
        found.extend(self.examine(rest).await);
        found
    }

    async fn together(&self, cells: &[Dependent]) -> Result<(), Cell> {
        let [old, new] = self.sides.map(|side| self.replaced.script(side, cells));
        let database = async |script: String| {
            let made = Database::create(self.cluster, script.clone()).await;
            made.map_err(|error| Cell::Impossible(with_line(&error, &script)))
        };
        let (old, new) = (database(old).await?, database(new).await?);
        let (old, new) = tokio::join!(Side::of(old), Side::of(new));
        let (old, new) = (old.map_err(Cell::Wrong)?, new.map_err(Cell::Wrong)?);
        let diff = compare(&old.schema, &new.schema);
        match diff.migration() {
            Err(PlanError::Refused(refusals)) => {
                let reasons =
                    refusals.iter().map(|refusal| format!("{}: {}", refusal.object, refusal.reason));
                return Err(Cell::Refused(reasons.collect::<Vec<String>>().join("\n")));
            }
            Err(other) => return Err(Cell::Wrong(other.to_string())),
            Ok(_) => {}
        }
        let mut case = Case::of(self.replaced.name.clone(), String::new(), String::new());
        case.recreates = Some(self.replaced.recreates());
        let mut connection = old.database.connect().await;
        let before = rows(&mut connection).await;
        let outcome = migrate(&old, &new, &diff, Apply::Psql, &case).await;
        match outcome {
            Outcome::Equal => {}
            Outcome::Refused(reason) => return Err(Cell::Refused(reason)),
            Outcome::Wrong(complaint) => return Err(Cell::Wrong(complaint)),
        }
        let after = rows(&mut connection).await;
        let lost = before.iter().filter(|(table, count)| after.get(*table).is_some_and(|now| now != *count));
        let lost: Vec<&String> = lost.map(|(table, _)| table).collect();
        if lost.is_empty() { Ok(()) } else { Err(Cell::Wrong(format!("rows are lost in {lost:?}"))) }
    }
}

/// Whether a text names the schema of a cell.
fn names(text: &str, cell: &Dependent) -> bool {
    Regex::new(&format!(r"\b{}\b", cell.schema())).expect("a pattern").is_match(text)
}

/// The error of a script with the schema in which it happened.
fn with_line(error: &str, script: &str) -> String {
    let number = error.split(':').nth(2).and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
    let before: Vec<&str> = script.lines().take(number).collect();
    let schema = before.iter().rev().find_map(|line| line.strip_prefix("SET search_path = "));
    format!("{}: {}", schema.unwrap_or_default(), error.lines().next().unwrap_or_default())
}

/// The number of rows of each table.
async fn rows(connection: &mut PgConnection) -> BTreeMap<String, i64> {
    let tables = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'";
    let tables = sqlx::query(tables).fetch_all(&mut *connection).await.expect("the catalogs are readable");
    let tables = tables.iter().map(|row| row.get::<String, _>(0));
    let counts: Vec<String> =
        tables.map(|table| format!("SELECT '{table}', count(*) FROM {table}")).collect();
    if counts.is_empty() {
        return BTreeMap::new();
    }
    let counts = sqlx::query(AssertSqlSafe(counts.join(" UNION ALL "))).fetch_all(connection).await;
    counts.expect("the tables are readable").iter().map(|row| (row.get(0), row.get(1))).collect()
}
