//! The migration lock: one session at a time applies migrations to a database.

use std::time::{Duration, Instant};

use sqlx::PgConnection;

use crate::{
    api::backoff::Backoff,
    error::{Error, ErrorKind, Result},
};

/// Takes the advisory lock of the database (that of `sqlx migrate`) for as long as the session lives, or until
/// [`release`].
///
/// It polls instead of waiting inside PostgreSQL: a session that waits there holds a snapshot, for which a
/// `CREATE INDEX CONCURRENTLY` of the lock's holder would wait forever.
pub(super) async fn acquire(conn: &mut PgConnection, limit: Duration) -> Result<()> {
    let started = Instant::now();
    let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
    loop {
        let (taken, database): (bool, String) =
            sqlx::query_as("select pg_try_advisory_lock($1), current_database()")
                .bind(key(conn).await?)
                .fetch_one(&mut *conn)
                .await
                .map_err(failed)?;
        if taken {
            return Ok(());
        }
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(Error::new(
                ErrorKind::Busy,
                format!(
                    "another migration is being applied to database '{database}'{}; nothing was done here, try again \
                     when it is finished",
                    holder(conn).await
                ),
            ));
        }
        tokio::time::sleep(backoff.pause().min(left)).await;
    }
}

/// Releases the lock. The end of a session releases it too.
pub(super) async fn release(conn: &mut PgConnection) {
    let Ok(key) = key(conn).await else { return };
    let released = sqlx::query("select pg_advisory_unlock($1)").bind(key).execute(conn).await;
    if let Err(error) = released {
        tracing::debug!(%error, "the advisory lock ends with its session");
    }
}

async fn key(conn: &mut PgConnection) -> Result<i64> {
    let database: String =
        sqlx::query_scalar("select current_database()::text").fetch_one(conn).await.map_err(failed)?;
    Ok(key_of(&database))
}

/// The lock key that `sqlx` uses, so that the two exclude each other.
fn key_of(database: &str) -> i64 {
    0x3d32_ad9e * i64::from(crc32(database.as_bytes()))
}

/// CRC-32 (IEEE 802.3) without a table: names are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 },
        )
    })
}

/// A description of the lock's holder; empty where it cannot be determined.
async fn holder(conn: &mut PgConnection) -> String {
    let Ok(key) = key(conn).await else { return String::new() };
    let found: Option<(i32, Option<String>, Option<String>)> = sqlx::query_as(
        "select l.pid, a.usename::text, a.application_name
         from pg_locks l left join pg_stat_activity a using (pid)
         where l.locktype = 'advisory' and l.granted and l.objsubid = 1
           and l.database = (select oid from pg_database where datname = current_database())
           and ((l.classid::bigint << 32) | l.objid::bigint) = $1
         limit 1",
    )
    .bind(key)
    .fetch_optional(conn)
    .await
    .ok()
    .flatten();
    match found {
        Some((pid, user, application)) => {
            let user = user.map(|user| format!(" of {user}")).unwrap_or_default();
            let application = application.filter(|name| !name.is_empty());
            let application = application.map(|name| format!(", {name}")).unwrap_or_default();
            format!(" (by session {pid}{user}{application})")
        }
        None => String::new(),
    }
}

fn failed(error: sqlx::Error) -> Error {
    Error::database("taking the migration lock", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_one_that_sqlx_takes() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(key_of(""), 0);
        assert_eq!(key_of("123456789"), 0x3d32_ad9e * 0xcbf4_3926);
    }
}
