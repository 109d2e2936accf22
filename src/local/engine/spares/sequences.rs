//! Sequences of a branch that was a spare.
//!
//! PostgreSQL writes the values of a sequence to the WAL 32 ahead, so that one that is replayed would leave a gap, where
//! one that is cloned goes on. After the promotion each sequence is therefore set back to the value that it has in the
//! source by then: no commit before the branch point used a later one.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::ANSWER;
use crate::local::{compute::AwaitWithin as _, engine::EngineError};

/// PostgreSQL logs this many values ahead (`SEQ_LOG_VALS`).
const AHEAD: i64 = 32;

/// A sequence that has given out values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sequence {
    /// Changes when the sequence is started anew.
    file: i64,
    last: i64,
    increment: i64,
}

type Sequences = HashMap<i64, Sequence>;

async fn read(session: &mut PgConnection) -> Result<Sequences, EngineError> {
    let context = "read the sequences of a branch";
    let rows: Vec<(i64, i64, Option<i64>, i64)> = sqlx::query_as(
        "SELECT seqrelid::pg_catalog.int8, relfilenode::pg_catalog.int8,
                pg_catalog.pg_sequence_last_value(seqrelid::pg_catalog.regclass), seqincrement
         FROM pg_catalog.pg_sequence JOIN pg_catalog.pg_class AS class
           ON class.oid OPERATOR(pg_catalog.=) seqrelid
         WHERE relpersistence OPERATOR(pg_catalog.=) 'p'::pg_catalog.\"char\" AND NOT seqcycle",
    )
    .fetch_all(session)
    .await_within(ANSWER, context)
    .await?
    .map_err(EngineError::sql(context))?;
    let called = rows
        .into_iter()
        .filter_map(|(id, file, last, increment)| Some((id, Sequence { file, last: last?, increment })));
    Ok(called.collect())
}

/// Whether a value that the source gave out is behind that of the branch by no more than what is logged ahead.
fn is_logged_ahead(own: Sequence, source: Sequence) -> bool {
    let gap = own.last.checked_sub(source.last).and_then(|gap| gap.checked_div(own.increment));
    (own.file, own.increment) == (source.file, source.increment)
        && gap.is_some_and(|values| (1..=AHEAD).contains(&values))
}

/// Whether a database has sequences that have given out values. The session is then quick to read them again.
pub(super) async fn has_any(session: &mut PgConnection) -> Result<bool, EngineError> {
    Ok(!read(session).await?.is_empty())
}

/// Sets the sequences of one database of a branch to where they are in its source.
pub(super) async fn set_back(
    branch: &mut PgConnection,
    source: &mut PgConnection,
) -> Result<(), EngineError> {
    let (own, of_source) = tokio::try_join!(read(branch), read(source))?;
    let ahead = own.into_iter().filter_map(|(id, own)| {
        let source = *of_source.get(&id)?;
        is_logged_ahead(own, source).then_some((id, source.last))
    });
    let (ids, values): (Vec<i64>, Vec<i64>) = ahead.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    let context = "set the sequences of a branch";
    sqlx::query(
        "SELECT pg_catalog.count(pg_catalog.setval(id::pg_catalog.oid::pg_catalog.regclass, value))
         FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.int8[]))
           AS sequence (id, value)",
    )
    .bind(ids)
    .bind(values)
    .execute(branch)
    .await_within(ANSWER, context)
    .await?
    .map_err(EngineError::sql(context))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_set_back_only_over_values_that_were_logged_ahead() {
        let at = |last: i64| Sequence { file: 7, last, increment: 1 };
        assert!(is_logged_ahead(at(33), at(3)) && is_logged_ahead(at(33), at(1)));
        assert!(!is_logged_ahead(at(33), at(33)), "nothing to do");
        assert!(!is_logged_ahead(at(33), at(40)), "it went on behind the branch point");
        assert!(!is_logged_ahead(at(133), at(3)), "it was set back there");
        assert!(!is_logged_ahead(at(33), Sequence { file: 8, ..at(3) }), "it was started anew");
        let down = |last: i64| Sequence { increment: -2, ..at(last) };
        assert!(is_logged_ahead(down(-65), down(-3)) && !is_logged_ahead(down(-3), down(-65)));
        assert!(!is_logged_ahead(at(i64::MIN), at(i64::MAX)));
    }
}
