//! Keys, hashes and places of one side's rows in the order of their keys, read piece by piece.

use std::collections::VecDeque;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, postgres::PgRow};

use super::{
    catalog::{fetch, number, text},
    error::DataError,
    pair::{Pair, Side},
    scope::Scope,
};

/// The number of rows of one piece.
const PIECE: usize = 4096;

/// One row: the hashes of its key and of its other columns, and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: [i64; 2],
    pub(super) rest: i64,
    pub(super) place: Place,
}

/// The number of a part, block and line pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) part: usize,
    pub(super) block: u32,
    pub(super) line: u16,
}

/// The rows of one side.
pub(super) struct Cursor {
    what: String,
    buffer: VecDeque<Entry>,
    open: bool,
}

impl Cursor {
    /// Opens the cursor. One is open at a time on a connection.
    pub(super) async fn open(
        conn: &mut PgConnection,
        scope: &Scope,
        pair: &Pair,
        side: &Side,
    ) -> Result<Self, DataError> {
        let what = format!("rows of {}", pair.head.shown);
        let query = scope.query(pair, side);
        let open = query.is_some();
        if let Some(query) = query {
            let sql = format!("declare lakebase_data no scroll cursor for {query}");
            conn.execute(AssertSqlSafe(sql)).await.map_err(|source| DataError::read(&what, source))?;
        }
        Ok(Self { what, buffer: VecDeque::new(), open })
    }

    /// Reads on where no row is left in memory.
    pub(super) async fn fill(&mut self, conn: &mut PgConnection) -> Result<(), DataError> {
        if !self.open || !self.buffer.is_empty() {
            return Ok(());
        }
        let rows = fetch(conn, &self.what, format!("fetch forward {PIECE} from lakebase_data")).await?;
        for row in &rows {
            self.buffer.push_back(entry(row, &self.what)?);
        }
        if rows.len() < PIECE {
            self.open = false;
            let closed = conn.execute("close lakebase_data").await;
            closed.map_err(|source| DataError::read(&self.what, source))?;
        }
        Ok(())
    }

    pub(super) fn peek(&self) -> Option<&Entry> {
        self.buffer.front()
    }

    pub(super) fn take(&mut self) -> Option<Entry> {
        self.buffer.pop_front()
    }

    /// Whether the next row is unknown.
    pub(super) fn needs_rows(&self) -> bool {
        self.open && self.buffer.is_empty()
    }
}

fn entry(row: &PgRow, what: &str) -> Result<Entry, DataError> {
    let place = text(row, 4, what)?.unwrap_or_default();
    let numbers = place.trim_matches(['(', ')']).split_once(',');
    let parsed = numbers.and_then(|(block, line)| Some((block.parse().ok()?, line.parse().ok()?)));
    let Some((block, line)) = parsed else { return Err(DataError::answer(what, place)) };
    Ok(Entry {
        key: [number(row, 0, what)?, number(row, 1, what)?],
        rest: number(row, 2, what)?,
        place: Place { part: number(row, 3, what)?, block, line },
    })
}
