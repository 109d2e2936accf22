//! Groups of statements that are committed together.

use std::ops::Range;

use crate::migrate::statements::MigrationStatement;

/// Statements that are committed together, or one that runs outside a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) range: Range<usize>,
    pub(super) transactional: bool,
}

/// Groups the statements of a migration into segments.
pub(super) fn segments(statements: &[MigrationStatement], each_alone: bool) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut closed = true;
    for (at, statement) in statements.iter().enumerate() {
        let transactional = statement.is_transactional() && !each_alone;
        match segments.last_mut() {
            Some(last) if !closed && transactional => last.range.end = at + 1,
            _ => segments.push(Segment { range: at..at + 1, transactional }),
        }
        closed = !transactional || statement.needs_commit_after();
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::{migration::Migration, statements::split};

    fn cut(sql: &str) -> Vec<(Range<usize>, bool)> {
        let statements = split(sql).unwrap();
        segments(&statements, false).into_iter().map(|s| (s.range, s.transactional)).collect()
    }

    #[test]
    fn what_can_be_committed_together_is() {
        assert_eq!(cut("select 1; select 2; select 3"), [(0..3, true)]);
        assert_eq!(
            cut("select 1; create index concurrently i on t(a); select 2; select 3; vacuum"),
            [(0..1, true), (1..2, false), (2..4, true), (4..5, false)]
        );
        assert_eq!(
            cut("select 1; alter type m add value 'x'; select 'x'; select 2"),
            [(0..2, true), (2..4, true)]
        );
        assert_eq!(cut("alter type m add value 'x'; select 'y'"), [(0..2, true)]);
    }

    #[test]
    fn a_migration_may_ask_for_no_transaction_at_all() {
        let statements = split("select 1; select 2").unwrap();
        assert_eq!(segments(&statements, true).len(), 2);
        assert!(Migration::new("m", "-- no-transaction\nselect 1").each_alone());
    }
}
