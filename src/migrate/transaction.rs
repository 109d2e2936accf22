//! Which statements may be part of a transaction, told by their words.

use super::tokens::{Kind, Token};

/// The words of one statement, for asking what kind it is.
pub(super) struct Words<'a> {
    sql: &'a str,
    tokens: &'a [Token],
}

pub(super) fn is_word(sql: &str, token: &Token, word: &str) -> bool {
    token.kind == Kind::Word
        && sql.get(token.range.clone()).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

impl<'a> Words<'a> {
    pub(super) fn new(sql: &'a str, tokens: &'a [Token]) -> Self {
        Self { sql, tokens }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| is_word(self.sql, token, word))
    }

    fn starts(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(at, word)| self.is(at, word))
    }

    /// Where a word stands at or after a place, outside of parentheses.
    fn find(&self, from: usize, word: &str) -> Option<usize> {
        let mut depth = 0usize;
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Sign('(') => depth += 1,
                Kind::Sign(')') => depth = depth.saturating_sub(1),
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
        if self.tokens.get(1).map(|token| token.kind) != Some(Kind::Sign('(')) {
            return false;
        }
        let end = self.tokens.iter().position(|token| token.kind == Kind::Sign(')')).unwrap_or(0);
        (2..end).any(|at| {
            self.is(at, word)
                && !["off", "false", "0"].iter().any(|no| self.text(at + 1).eq_ignore_ascii_case(no))
        })
    }

    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).and_then(|token| self.sql.get(token.range.clone())).unwrap_or_default()
    }
}

/// Why a statement cannot be part of a migration.
pub(super) fn refusal(words: &Words<'_>) -> Option<&'static str> {
    const BEGIN: &str = "a migration opens no transaction of its own (BEGIN, START TRANSACTION): it already runs in one \
                         where its statements allow that; remove this statement";
    const END: &str = "a migration ends no transaction (COMMIT, END, ROLLBACK, ABORT): it is committed as a whole; remove \
                       this statement, or split the migration in two where it must be committed";
    const TWO_PHASE: &str = "a migration takes no part in two-phase commits";
    const COPY: &str =
        "COPY from or to the client needs psql; use INSERT, or COPY with a file or program of the server";
    if words.starts(&["begin"]) || words.starts(&["start", "transaction"]) {
        return Some(BEGIN);
    }
    let prepared = words.starts(&["commit", "prepared"]) || words.starts(&["rollback", "prepared"]);
    if prepared || words.starts(&["prepare", "transaction"]) {
        return Some(TWO_PHASE);
    }
    if ["commit", "end", "abort"].iter().any(|word| words.is(0, word)) {
        return Some(END);
    }
    if words.is(0, "rollback") && !words.has("to") {
        return Some(END);
    }
    if words.is(0, "copy") {
        let client = |word: &str, side: &str| words.find(1, word).is_some_and(|at| words.is(at + 1, side));
        return (client("from", "stdin") || client("to", "stdout")).then_some(COPY);
    }
    None
}

/// Whether PostgreSQL refuses the statement inside a transaction.
pub(super) fn runs_alone(words: &Words<'_>) -> bool {
    let starts = |list: &[&str]| words.starts(list);
    is_concurrent_index(words)
        || words.is(0, "vacuum")
        || starts(&["create", "database"])
        || starts(&["drop", "database"])
        || starts(&["create", "tablespace"])
        || starts(&["drop", "tablespace"])
        || starts(&["alter", "system"])
        || starts(&["create", "subscription"])
        || starts(&["drop", "subscription"])
        || (starts(&["alter", "subscription"])
            && ["refresh", "publication"].iter().any(|word| words.has(word)))
        || (starts(&["alter", "database"]) && words.has("tablespace"))
        || (starts(&["alter", "table"]) && words.has("detach") && words.has("concurrently"))
        || starts(&["discard", "all"])
        || (words.is(0, "cluster") && cluster_of_everything(words))
        || (words.is(0, "reindex") && ["database", "schema", "system"].iter().any(|word| words.has(word)))
        || words.is(0, "repack")
}

fn cluster_of_everything(words: &Words<'_>) -> bool {
    words.tokens.iter().skip(1).all(|token| is_word(words.sql, token, "verbose"))
}

/// `CREATE | DROP | REINDEX … CONCURRENTLY`, in any of their spellings.
pub(super) fn is_concurrent_index(words: &Words<'_>) -> bool {
    let create = words.starts(&["create", "index", "concurrently"])
        || words.starts(&["create", "unique", "index", "concurrently"]);
    let reindex = words.is(0, "reindex") && (words.has("concurrently") || words.has_option("concurrently"));
    create || words.starts(&["drop", "index", "concurrently"]) || reindex
}

/// The value that the statement adds to an enum type. It cannot be used before it is committed.
pub(super) fn added_enum_value(words: &Words<'_>) -> Option<String> {
    if !words.starts(&["alter", "type"]) {
        return None;
    }
    let add = words.find(2, "add").filter(|at| words.is(at + 1, "value"))?;
    let literal = (add + 2..words.tokens.len())
        .find(|at| words.tokens.get(*at).is_some_and(|token| token.kind == Kind::Text))?;
    Some(words.text(literal).trim_matches('\'').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::tokens::tokens;

    fn alone(sql: &str) -> bool {
        runs_alone(&Words::new(sql, &tokens(sql).unwrap()))
    }

    #[test]
    fn statements_that_refuse_a_transaction_are_recognised_in_every_spelling() {
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
