//! Positions of sequences and contents of large objects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::{Executor as _, PgConnection};

use super::{catalog::read, error::DataError, model::TableName, narrow::Connections};

/// A sequence whose position differs, or that only one side has.
///
/// ```
/// fn show(change: &lakebase::data::SequenceChange) {
///     println!("{}: {:?} → {:?}", change.sequence, change.before, change.after);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SequenceChange {
    /// The sequence as `schema.sequence`.
    pub sequence: String,
    /// The last value in the old database; nothing where it was never used or does not exist.
    pub before: Option<i64>,
    /// The last value in the new database.
    pub after: Option<i64>,
}

/// Large objects that differ, by their oids.
///
/// ```
/// assert!(lakebase::data::LargeObjectChanges::default().is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LargeObjectChanges {
    /// Only in the new database.
    pub added: Vec<u32>,
    /// Only in the old database.
    pub removed: Vec<u32>,
    /// In both, with other contents.
    pub changed: Vec<u32>,
    /// Whether contents could not be read for want of a privilege, so that changes may be missing.
    pub unreadable: bool,
}

impl LargeObjectChanges {
    /// Whether no difference is known.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

#[derive(Deserialize)]
struct Sequence {
    schema: String,
    name: String,
    last: Option<i64>,
}

const SEQUENCES: &str = "select schemaname as schema, sequencename as name, last_value as last
  from pg_catalog.pg_sequences
  where schemaname not in ('__db_system', '_lakebase') and schemaname !~ '^pg_'";

async fn positions(conn: &mut PgConnection) -> Result<BTreeMap<TableName, Option<i64>>, DataError> {
    let all: Vec<Sequence> = read(conn, "sequences", SEQUENCES).await?;
    let entry = |s: Sequence| (TableName { schema: s.schema, name: s.name }, s.last);
    Ok(all.into_iter().map(entry).collect())
}

pub(super) async fn sequences(both: &mut Connections<'_>) -> Result<Vec<SequenceChange>, DataError> {
    let (old, new) = tokio::try_join!(positions(both.old), positions(both.new))?;
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    let differing = names.into_iter().filter(|name| old.get(name) != new.get(name));
    Ok(differing
        .map(|name| SequenceChange {
            sequence: name.to_string(),
            before: old.get(name).copied().flatten(),
            after: new.get(name).copied().flatten(),
        })
        .collect())
}

#[derive(Deserialize)]
struct LargeObject {
    oid: u32,
    digest: Option<String>,
}

const LARGE_OBJECTS: &str =
    "select oid::int8 as oid, null::text as digest from pg_catalog.pg_largeobject_metadata";
const CONTENTS: &str = "select oid::int8 as oid, encode(sha256(lo_get(oid)), 'hex') as digest
  from pg_catalog.pg_largeobject_metadata";

async fn contents(conn: &mut PgConnection) -> Result<(BTreeMap<u32, Option<String>>, bool), DataError> {
    let what = "large objects";
    let failed = |source| DataError::read(what, source);
    let mut all: Vec<LargeObject> = read(conn, what, LARGE_OBJECTS).await?;
    let mut readable = true;
    if !all.is_empty() {
        conn.execute("savepoint large_objects").await.map_err(failed)?;
        match read(conn, what, CONTENTS).await {
            Ok(read) => all = read,
            Err(DataError::Read { source, .. }) if source.sqlstate().as_deref() == Some("42501") => {
                conn.execute("rollback to savepoint large_objects").await.map_err(failed)?;
                readable = false;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((all.into_iter().map(|object| (object.oid, object.digest)).collect(), readable))
}

pub(super) async fn large_objects(both: &mut Connections<'_>) -> Result<LargeObjectChanges, DataError> {
    let ((old, old_readable), (new, new_readable)) =
        tokio::try_join!(contents(both.old), contents(both.new))?;
    let readable = old_readable && new_readable;
    let missing = |from: &BTreeMap<u32, _>, other: &BTreeMap<u32, _>| -> Vec<u32> {
        from.keys().filter(|oid| !other.contains_key(oid)).copied().collect()
    };
    let differ = |oid: &&u32| readable && new.get(oid).is_some_and(|after| old.get(oid) != Some(after));
    Ok(LargeObjectChanges {
        added: missing(&new, &old),
        removed: missing(&old, &new),
        changed: old.keys().filter(differ).copied().collect(),
        unreadable: !readable,
    })
}
