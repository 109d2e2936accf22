//! Recognizes by their keywords statements that cannot run in a transaction, or not in a migration.

use crate::sql::{Token, TokenKind};

/// The tokens of one statement, for classifying it.
pub(super) struct TokenCursor<'a> {
    tokens: &'a [Token<'a>],
}

impl<'a> TokenCursor<'a> {
    pub(super) fn new(tokens: &'a [Token<'a>]) -> Self {
        Self { tokens }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(word))
    }

    fn starts_with(&self, keywords: &[&str]) -> bool {
        keywords.iter().enumerate().all(|(at, word)| self.is(at, word))
    }

    /// The index of a word at or after another index, outside of parentheses.
    fn find(&self, from: usize, word: &str) -> Option<usize> {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Sign('(') => depth += 1,
                TokenKind::Sign(')') => depth = depth.saturating_sub(1),
                _ if at >= from && depth == 0 && self.is(at, word) => return Some(at),
                _ => {}
            }
        }
        None
    }

    fn has(&self, word: &str) -> bool {
        self.find(0, word).is_some()
    }

    /// An option in the list in parentheses right after the first word: `REINDEX (CONCURRENTLY) …`.
    fn has_option(&self, word: &str) -> bool {
        if !self.tokens.get(1).is_some_and(|token| token.is_sign('(')) {
            return false;
        }
        let end = self.tokens.iter().position(|token| token.is_sign(')')).unwrap_or(0);
        (2..end).any(|at| {
            self.is(at, word)
                && !["off", "false", "0"].iter().any(|no| self.text(at + 1).eq_ignore_ascii_case(no))
        })
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }
}

/// The reason why a statement cannot be part of a migration.
pub(super) fn reason_to_refuse(cursor: &TokenCursor<'_>) -> Option<&'static str> {
    const BEGIN: &str = "a migration opens no transaction of its own (BEGIN, START TRANSACTION): it already runs in \
                         one where its statements allow that; remove this statement";
    const END: &str = "a migration ends no transaction (COMMIT, END, ROLLBACK, ABORT): it is committed as a whole; \
                       remove this statement, or split the migration in two where it must be committed";
    const TWO_PHASE: &str = "a migration takes no part in two-phase commits";
    const COPY: &str =
        "COPY from or to the client needs psql; use INSERT, or COPY with a file or program of the server";
    if cursor.starts_with(&["begin"]) || cursor.starts_with(&["start", "transaction"]) {
        return Some(BEGIN);
    }
    let prepared =
        cursor.starts_with(&["commit", "prepared"]) || cursor.starts_with(&["rollback", "prepared"]);
    if prepared || cursor.starts_with(&["prepare", "transaction"]) {
        return Some(TWO_PHASE);
    }
    if ["commit", "end", "abort"].iter().any(|word| cursor.is(0, word)) {
        return Some(END);
    }
    if cursor.is(0, "rollback") && !cursor.has("to") {
        return Some(END);
    }
    if cursor.is(0, "copy") {
        let client = |word: &str, side: &str| cursor.find(1, word).is_some_and(|at| cursor.is(at + 1, side));
        return (client("from", "stdin") || client("to", "stdout")).then_some(COPY);
    }
    None
}

/// Whether PostgreSQL refuses the statement inside a transaction.
pub(super) fn runs_alone(cursor: &TokenCursor<'_>) -> bool {
    let starts = |list: &[&str]| cursor.starts_with(list);
    is_concurrent_index(cursor)
        || cursor.is(0, "vacuum")
        || starts(&["create", "database"])
        || starts(&["drop", "database"])
        || starts(&["create", "tablespace"])
        || starts(&["drop", "tablespace"])
        || starts(&["alter", "system"])
        || starts(&["create", "subscription"])
        || starts(&["drop", "subscription"])
        || (starts(&["alter", "subscription"])
            && ["refresh", "publication"].iter().any(|word| cursor.has(word)))
        || (starts(&["alter", "database"]) && cursor.has("tablespace"))
        || (starts(&["alter", "table"]) && cursor.has("detach") && cursor.has("concurrently"))
        || starts(&["discard", "all"])
        || (cursor.is(0, "cluster") && cluster_of_everything(cursor))
        || (cursor.is(0, "reindex") && ["database", "schema", "system"].iter().any(|word| cursor.has(word)))
        || cursor.is(0, "repack")
}

fn cluster_of_everything(cursor: &TokenCursor<'_>) -> bool {
    cursor.tokens.iter().skip(1).all(|token| token.is_word("verbose"))
}

/// `CREATE | DROP | REINDEX … CONCURRENTLY`, in any of their spellings.
pub(super) fn is_concurrent_index(cursor: &TokenCursor<'_>) -> bool {
    let create = cursor.starts_with(&["create", "index", "concurrently"])
        || cursor.starts_with(&["create", "unique", "index", "concurrently"]);
    let reindex =
        cursor.is(0, "reindex") && (cursor.has("concurrently") || cursor.has_option("concurrently"));
    create || cursor.starts_with(&["drop", "index", "concurrently"]) || reindex
}

/// The value that the statement adds to an enum type. It cannot be used before it is committed.
pub(super) fn added_enum_value(cursor: &TokenCursor<'_>) -> Option<String> {
    if !cursor.starts_with(&["alter", "type"]) {
        return None;
    }
    let add = cursor.find(2, "add").filter(|at| cursor.is(at + 1, "value"))?;
    let literal = (add + 2..cursor.tokens.len())
        .find(|at| cursor.tokens.get(*at).is_some_and(|token| token.kind == TokenKind::String))?;
    Some(cursor.text(literal).trim_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::significant;

    fn alone(sql: &str) -> bool {
        runs_alone(&TokenCursor::new(&significant(sql).unwrap()))
    }

    #[test]
    fn statements_that_refuse_a_transaction_are_recognized_in_every_spelling() {
        for sql in [
            "create index concurrently on t (a)",
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
            "create/**/index -- x\n concurrently i on t(a)",
            "drop index concurrently if exists i",
            "reindex index concurrently i",
            "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
            "reindex (concurrently true) table t",
            "reindex database d",
            "vacuum (analyze) t",
            "VACUUM",
            "create database d",
            "drop database if exists d",
            "alter database d set tablespace s",
            "create tablespace s location '/x'",
            "alter system set work_mem = '1MB'",
            "alter table p detach partition c concurrently",
            "create subscription s connection 'x' publication p",
            "alter subscription s refresh publication",
            "cluster",
            "discard all",
        ] {
            assert!(alone(sql), "{sql}");
        }
    }

    #[test]
    fn statements_that_only_look_like_it_stay_in_the_transaction() {
        for sql in [
            "create index i on t (a)",
            "create index \"concurrently\" on t (a)",
            "drop index concurrently_made",
            "select 'create index concurrently'",
            "-- create index concurrently\nselect 1",
            "refresh materialized view concurrently v",
            "reindex (concurrently false) table t",
            "alter table p detach partition c",
            "alter type mood add value 'x'",
            "alter database d set work_mem = '1MB'",
            "cluster t using i",
            "create table vacuum_log (a int)",
            "analyze t",
        ] {
            assert!(!alone(sql), "{sql}");
        }
    }
}
