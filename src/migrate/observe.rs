//! Observes a migration from a second connection: its locks and the tables that it rewrites.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde::Serialize;
use sqlx::PgConnection;
use tokio::sync::{Mutex, Notify};

use super::text_table;
use crate::{api::backoff::Backoff, schema::LockMode};

/// A lock that a statement took on a relation that existed before it.
///
/// ```
/// # fn show(lock: lakebase::migrate::ObservedLock) {
/// println!("line {}: {} on {} for {:?}", lock.line, lock.mode, lock.relation, lock.held);
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ObservedLock {
    /// The id of the migration.
    pub migration: String,
    /// The line of the statement that took the lock.
    pub line: usize,
    /// The relation, quoted where it must be.
    pub relation: String,
    /// The lock mode.
    pub mode: LockMode,
    /// The time from the start of that statement to the end of its transaction, in which other sessions would wait.
    #[serde(rename = "held_ms", serialize_with = "text_table::milliseconds")]
    pub held: Duration,
}

/// A relation whose storage was rewritten.
///
/// ```
/// # fn show(rewrite: lakebase::migrate::Rewrite) {
/// println!("{} was rewritten, {} bytes now", rewrite.relation, rewrite.bytes);
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Rewrite {
    /// The table or materialized view, quoted where it must be.
    pub relation: String,
    /// Its size afterwards, in bytes.
    pub bytes: u64,
}

/// Watches the locks of one session.
pub(super) struct Observer {
    conn: Mutex<PgConnection>,
    pid: i32,
    seen: std::sync::Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Locks of the open transaction: relation and mode → migration and line of the statement that took it, and when.
    open: BTreeMap<(String, LockMode), (String, usize, Instant)>,
    done: Vec<ObservedLock>,
    failed: Option<sqlx::Error>,
}

impl Observer {
    pub(super) fn new(conn: PgConnection, pid: i32) -> Self {
        Self { conn: Mutex::new(conn), pid, seen: std::sync::Mutex::default() }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Observes locks while the work runs. A transaction keeps its locks to its end, so the last query, right after the
    /// statement, sees every lock; the queries before are for statements outside transactions.
    pub(super) async fn watch<T>(&self, migration: &str, line: usize, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let finished = Notify::new();
        let working = async {
            let result = work.await;
            finished.notify_one();
            result
        };
        let watching = async {
            let mut backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(50));
            loop {
                let last = tokio::time::timeout(backoff.pause(), finished.notified()).await.is_ok();
                self.look(migration, line, started).await;
                if last {
                    break;
                }
            }
        };
        tokio::join!(working, watching).0
    }

    async fn look(&self, migration: &str, line: usize, started: Instant) {
        let rows: Result<Vec<(String, String)>, _> = sqlx::query_as(
            "select c.oid::regclass::text, l.mode
             from pg_locks l join pg_class c on c.oid = l.relation
             where l.pid = $1 and l.locktype = 'relation' and l.granted
               and l.database = (select oid from pg_database where datname = current_database())
               and c.relkind in ('r', 'p', 'm', 'v', 'f', 'S') and c.oid >= 16384
               and c.relnamespace is distinct from to_regnamespace('_lakebase') and c.relname <> '_sqlx_migrations'",
        )
        .bind(self.pid)
        .fetch_all(&mut *self.conn.lock().await)
        .await;
        let mut seen = self.seen();
        match rows {
            Ok(rows) => {
                for (relation, mode) in rows {
                    if let Some(mode) = mode_of(&mode) {
                        seen.open
                            .entry((relation, mode))
                            .or_insert_with(|| (migration.to_owned(), line, started));
                    }
                }
            }
            Err(error) => seen.failed = Some(error),
        }
    }

    /// Called at the end of a transaction or of a statement outside one.
    pub(super) fn released(&self) {
        let mut seen = self.seen();
        let open = std::mem::take(&mut seen.open);
        seen.done.extend(open.into_iter().map(|((relation, mode), (migration, line, since))| ObservedLock {
            migration,
            line,
            relation,
            mode,
            held: since.elapsed(),
        }));
    }

    /// All locks, in the order in which they were taken, of each relation and statement the strongest.
    pub(super) fn locks(self) -> Result<Vec<ObservedLock>, sqlx::Error> {
        self.released();
        let seen = self.seen.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(error) = seen.failed {
            return Err(error);
        }
        let mut locks: Vec<ObservedLock> = Vec::new();
        for lock in seen.done {
            let same = |other: &&mut ObservedLock| {
                (&other.migration, other.line, &other.relation)
                    == (&lock.migration, lock.line, &lock.relation)
            };
            match locks.iter_mut().find(same) {
                Some(other) if other.mode >= lock.mode => {}
                Some(other) => *other = lock,
                None => locks.push(lock),
            }
        }
        Ok(locks)
    }
}

fn mode_of(text: &str) -> Option<LockMode> {
    Some(match text {
        "AccessShareLock" => LockMode::AccessShare,
        "RowShareLock" => LockMode::RowShare,
        "RowExclusiveLock" => LockMode::RowExclusive,
        "ShareUpdateExclusiveLock" => LockMode::ShareUpdateExclusive,
        "ShareLock" => LockMode::Share,
        "ShareRowExclusiveLock" => LockMode::ShareRowExclusive,
        "ExclusiveLock" => LockMode::Exclusive,
        "AccessExclusiveLock" => LockMode::AccessExclusive,
        _ => return None,
    })
}

/// The file nodes of the tables. A table whose file node changed was rewritten.
pub(super) struct Storage(BTreeMap<i64, i64>);

impl Storage {
    pub(super) async fn read(conn: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select oid::bigint, relfilenode::bigint from pg_class where relkind in ('r', 'm') and oid >= 16384",
        )
        .fetch_all(conn)
        .await?;
        Ok(Self(rows.into_iter().collect()))
    }

    pub(super) async fn rewritten(&self, conn: &mut PgConnection) -> Result<Vec<Rewrite>, sqlx::Error> {
        let now = Self::read(&mut *conn).await?;
        let moved: Vec<i64> = self
            .0
            .iter()
            .filter(|(oid, node)| now.0.get(oid).is_some_and(|new| new != *node))
            .map(|(oid, _)| *oid)
            .collect();
        if moved.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select oid::regclass::text, pg_total_relation_size(oid) from pg_class
             where oid::bigint = any($1) order by 1",
        )
        .bind(moved)
        .fetch_all(conn)
        .await?;
        let rewrite =
            |(relation, bytes)| Rewrite { relation, bytes: u64::try_from(bytes).unwrap_or_default() };
        Ok(rows.into_iter().map(rewrite).collect())
    }
}
