//! Splits SQL text into statements with their positions.
//!
//! Statements are sent one by one, so that each has its own timing, row count and position; therefore they must be
//! split exactly as PostgreSQL would split them. Only lexical rules and leading keywords are interpreted.

use std::{fmt, ops::Range};

use serde::Serialize;

use super::transaction::{self, TokenCursor};
use crate::sql::{Token, TokenKind, significant};

/// One statement of a migration and its position in the text.
///
/// ```
/// use lakebase::migrate::Migration;
///
/// let migration = Migration::new("tier", "ALTER TABLE t ADD tier text;\n  CREATE INDEX CONCURRENTLY i ON t (tier);");
/// let statements = migration.statements()?;
/// assert_eq!((statements[1].line(), statements[1].column()), (2, 3));
/// assert!(!statements[1].is_transactional());
/// # Ok::<(), lakebase::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationStatement {
    text: String,
    line: usize,
    column: usize,
    transactional: bool,
    #[serde(skip)]
    concurrent_index: bool,
    /// Whether a later statement uses the value that this `ALTER TYPE … ADD VALUE` adds.
    #[serde(skip)]
    commit_after: bool,
}

impl MigrationStatement {
    /// The statement without its semicolon and without comments before or after it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line on which it starts, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters at which it starts, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Whether it can run in a transaction: `CREATE INDEX CONCURRENTLY`, `VACUUM` … cannot.
    pub fn is_transactional(&self) -> bool {
        self.transactional
    }

    /// Whether it builds, rebuilds or drops an index concurrently; a failure leaves an invalid index.
    pub(super) fn is_concurrent_index(&self) -> bool {
        self.concurrent_index
    }

    /// Whether it has to be committed before the statements after it run.
    pub(super) fn needs_commit_after(&self) -> bool {
        self.commit_after
    }

    /// The position in the text of the nth character (from 1) of this statement.
    pub(super) fn position_of(&self, nth: usize) -> Position {
        let mut position = Position { line: self.line, column: self.column };
        self.text.chars().take(nth.saturating_sub(1)).for_each(|c| position.step(c));
        position
    }
}

impl fmt::Display for MigrationStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    pub(super) fn at(sql: &str, offset: usize) -> Self {
        let mut position = Self { line: 1, column: 1 };
        sql.get(..offset).unwrap_or(sql).chars().for_each(|c| position.step(c));
        position
    }

    fn step(&mut self, c: char) {
        match c {
            '\n' => *self = Self { line: self.line + 1, column: 1 },
            '\u{feff}' => {}
            _ => self.column += 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that cannot be a migration: the reason and its position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {reason}")]
pub(super) struct InvalidScript {
    pub(super) position: Position,
    pub(super) reason: String,
}

/// Splits a script into statements and refuses those that cannot be part of a migration.
pub(super) fn split(sql: &str) -> Result<Vec<MigrationStatement>, InvalidScript> {
    let refuse = |at: usize, reason: &str| InvalidScript {
        position: Position::at(sql, at),
        reason: reason.to_owned(),
    };
    let found = significant(sql).map_err(|e| refuse(e.at, e.reason))?;
    let all: Vec<&[Token<'_>]> = cut(&found);
    let mut statements = Vec::with_capacity(all.len());
    let mut counted = (0, Position { line: 1, column: 1 });
    for (nth, tokens) in all.iter().enumerate() {
        let Some(range) = extent(tokens) else { continue };
        let cursor = TokenCursor::new(tokens);
        if let Some(reason) = transaction::reason_to_refuse(&cursor) {
            return Err(refuse(range.start, reason));
        }
        sql.get(counted.0..range.start).unwrap_or_default().chars().for_each(|c| counted.1.step(c));
        counted.0 = range.start;
        let later = || all.iter().skip(nth + 1).flat_map(|tokens| tokens.iter());
        statements.push(MigrationStatement {
            text: sql.get(range).unwrap_or_default().to_owned(),
            line: counted.1.line,
            column: counted.1.column,
            transactional: !transaction::runs_alone(&cursor),
            concurrent_index: transaction::is_concurrent_index(&cursor),
            commit_after: transaction::added_enum_value(&cursor)
                .is_some_and(|value| later().any(|token| mentions(token, &value))),
        });
    }
    Ok(statements)
}

/// Whether the token is a literal with the value in it; a function body may use it anywhere inside.
fn mentions(token: &Token<'_>, value: &str) -> bool {
    token.kind == TokenKind::String && token.text.contains(value)
}

fn extent(tokens: &[Token<'_>]) -> Option<Range<usize>> {
    Some(tokens.first()?.start..tokens.last()?.end())
}

/// Splits at semicolons outside of parentheses and of `BEGIN ATOMIC … END` bodies.
fn cut<'t>(tokens: &'t [Token<'t>]) -> Vec<&'t [Token<'t>]> {
    let mut statements = Vec::new();
    let (mut start, mut parens, mut atomic) = (0usize, 0usize, 0usize);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is_word(word));
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Sign('(') => parens += 1,
            TokenKind::Sign(')') => parens = parens.saturating_sub(1),
            TokenKind::Sign(';') if parens == 0 && atomic == 0 => {
                statements.push(tokens.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            TokenKind::Word if atomic > 0 && is(at, "case") => atomic += 1,
            TokenKind::Word if atomic > 0 && is(at, "end") => atomic -= 1,
            TokenKind::Word if is(at, "begin") && is(at + 1, "atomic") && start < at => atomic += 1,
            _ => {}
        }
    }
    statements.push(tokens.get(start..).unwrap_or_default());
    statements.retain(|tokens| !tokens.is_empty());
    statements
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<String> {
        split(sql).unwrap().into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn statements_end_where_postgresql_ends_them() {
        assert_eq!(texts("select 1; -- one\n;;\nselect ';' ; "), ["select 1", "select ';'"]);
        assert_eq!(texts("DO $$ BEGIN PERFORM 1; END $$; select 2").len(), 2);
        assert_eq!(
            texts("create rule r as on insert to t do also (delete from a; delete from b); select 1").len(),
            2
        );
        let atomic = "create function f(a int) returns int begin atomic select 1; select case a when 1 then 2 end; end; select 3";
        assert_eq!(texts(atomic).len(), 2);
        assert!(texts(atomic)[0].ends_with("end"));
        assert_eq!(texts("/* only */ -- comments\n"), Vec::<String>::new());
    }

    #[test]
    fn a_statement_knows_its_line_and_column() {
        let found = split("-- a\r\nselect 1;\n\n  /* ü */ select 'ü', x;select 2").unwrap();
        let places: Vec<_> = found.iter().map(|s| (s.line, s.column)).collect();
        assert_eq!(places, [(2, 1), (4, 11), (4, 25)]);
        assert_eq!(found[1].position_of(13).to_string(), "line 4, column 23");
    }

    #[test]
    fn statements_that_cannot_be_in_a_migration_are_refused_with_their_line() {
        for (sql, line, word) in [
            ("select 1;\nbegin;", 2, "BEGIN"),
            ("start transaction", 1, "transaction"),
            ("select 1;\n\ncommit", 3, "COMMIT"),
            ("end", 1, "COMMIT"),
            ("rollback", 1, "COMMIT"),
            ("abort", 1, "COMMIT"),
            ("prepare transaction 'x'", 1, "two-phase"),
            ("\n\\i other.sql", 2, "meta command"),
            ("select 1 \\gexec", 1, "meta command"),
            ("copy t from stdin", 1, "COPY"),
            ("COPY t (a, b) FROM STDIN WITH (FORMAT csv);\n1,2\n", 1, "COPY"),
            ("copy (select 1) to stdout", 1, "COPY"),
            ("select 'x", 1, "closing quote"),
        ] {
            let error = split(sql).unwrap_err();
            assert_eq!(error.position.line, line, "{sql}: {error}");
            assert!(error.reason.contains(word), "{sql}: {error}");
        }
    }

    #[test]
    fn words_inside_other_statements_are_no_transaction_control() {
        assert_eq!(
            texts("DO $$ BEGIN COMMIT; END $$; savepoint a; rollback to savepoint a; release a").len(),
            4
        );
        assert_eq!(texts("copy t from '/tmp/x'; select \"begin\"; comment on table t is 'commit'").len(), 3);
    }

    #[test]
    fn an_enum_value_is_committed_before_it_is_used_and_only_then() {
        let used = split("alter type mood add value 'ok'; insert into t values ('ok')").unwrap();
        assert!(used[0].needs_commit_after());
        let unused =
            split("alter type mood add value if not exists 'ok' before 'bad'; select 'other'").unwrap();
        assert!(!unused[0].needs_commit_after());
        let in_a_body =
            split("alter type s.\"Mood\" add value 'o''k'; do $$ begin perform 'o''k'; end $$").unwrap();
        assert!(in_a_body[0].needs_commit_after());
    }

    proptest! {
        #[test]
        fn no_text_panics(sql in any::<String>()) {
            let _ = split(&sql);
        }

        #[test]
        fn statements_joined_by_semicolons_come_back(parts in prop::collection::vec(
            prop::sample::select(vec!["select 1", "select ';'", "do $x$ ; $x$", "select \"a;b\"", "select E'\\';'", "create rule r as on insert to t do (a; b)"]), 1..8)
        ) {
            let sql = parts.join(" ; -- x;\n");
            prop_assert_eq!(texts(&sql), parts);
        }
    }
}
