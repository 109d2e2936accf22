//! Hot standbys: servers that stream from the server of another data directory and answer reads.
//!
//! The directory of a standby is a disposable clone of its source's. It is kept while the source still has the WAL
//! that comes next, and made anew otherwise: no slot keeps WAL for a standby that sleeps. Where the source sleeps, the
//! standby serves the clone and connects when it is told that the source is awake ([`Engine::reconnect`]).

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::process::Signal;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Executor as _};

use super::{BranchKey, ComputeSettings, Engine, EngineError, Inner, MAINTENANCE_DATABASE};
use crate::{
    local::{
        compute::{AwaitWithin as _, ComputeSocket, REPLICATION_ROLE, SessionLimits},
        scram::Verifier,
        storage::{self, Storage, is_directory, is_taken},
    },
    sql::quote_literal,
};

/// Settings of a standby, in a file that PostgreSQL reads after `postgresql.conf`.
pub(super) const SETTINGS_FILE: &str = "postgresql.auto.conf";
/// Makes a server stay in recovery and stream.
pub(super) const SIGNAL_FILE: &str = "standby.signal";

impl Engine {
    /// Starts a hot standby of `source` under the key `standby`, unless it runs, and gives its socket once it accepts
    /// logins. One start of a standby at a time.
    ///
    /// PostgreSQL refuses a standby with fewer connections or locks than its source has.
    pub(crate) async fn start_standby(
        &self,
        source: &BranchKey,
        standby: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<ComputeSocket, EngineError> {
        if let Some(socket) = self.running(standby) {
            return Ok(socket);
        }
        let (source, standby, settings) = (source.clone(), standby.clone(), settings.clone());
        self.detached(move |inner| async move { inner.start_standby(&source, &standby, &settings).await })
            .await
    }

    /// Creates the role as which standbys stream from a branch, or gives it this branch's password. The compute of
    /// the branch must run.
    pub(crate) async fn admit_standbys(&self, source: &BranchKey) -> Result<(), EngineError> {
        let source = source.clone();
        self.detached(move |inner| async move { inner.admit_standbys(&source).await }).await
    }

    /// Has a running standby try its source at once, instead of within some seconds.
    pub(crate) fn reconnect(&self, standby: &BranchKey) {
        if let Some(slot) = self.inner.known_slot(standby) {
            slot.signal(Signal::HUP);
        }
    }

    /// Whether the source has removed WAL that a running standby does not have.
    pub(crate) async fn is_left_behind(
        &self,
        source: &BranchKey,
        standby: &BranchKey,
    ) -> Result<bool, EngineError> {
        let (source, standby) = (source.clone(), standby.clone());
        self.inner
            .on_disk(move |storage| {
                let source = storage::segments(&wal_of(storage, &source)?)?;
                let Some(last) = storage::segments(&wal_of(storage, &standby)?)?.pop() else {
                    return Ok(false);
                };
                // Of its timeline: the names of others say nothing about positions.
                let oldest = source.into_iter().find(|name| name.get(..8) == last.get(..8));
                Ok(oldest.is_some_and(|oldest| oldest > last))
            })
            .await
    }
}

fn wal_of(storage: &Storage, key: &BranchKey) -> Result<PathBuf, EngineError> {
    Ok(storage.existing(key)?.join("data/pg_wal"))
}

impl Inner {
    async fn start_standby(
        self: &Arc<Self>,
        source: &BranchKey,
        standby: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<ComputeSocket, EngineError> {
        let dir = self.storage.branch_dir(standby)?;
        let look = dir.clone();
        let mut exists =
            self.on_disk(move |_| is_directory(&look).map_err(EngineError::io("look for", &look))).await?;
        if exists && !self.can_continue(source, standby).await? {
            tracing::info!(standby = %standby, "making the standby anew: its source has removed the WAL that comes next");
            let old = dir.clone();
            self.on_disk(move |storage| storage.discard(&old)).await?;
            exists = false;
        }
        if !exists {
            self.fork(source, standby).await?;
        }
        let connection = self.connection_to(source);
        let data = dir.join("data");
        // Each time: a directory without the file would start as a branch of its own.
        self.on_disk(move |_| configure(&data, &connection, &SETTINGS)).await?;
        self.start(standby, settings).await
    }

    /// The connection string of a standby. The password opens the replication of this one branch.
    pub(super) fn connection_to(&self, source: &BranchKey) -> String {
        let directory = self.sockets.path(&source.to_string()).display().to_string();
        let password = self.platform.replication_password(&source.to_string());
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        format!(
            "host={} port=5432 user={REPLICATION_ROLE} password={} sslmode=disable application_name=lakebase_standby",
            quoted(&directory),
            quoted(password.expose_secret()),
        )
    }

    pub(super) async fn admit_standbys(&self, source: &BranchKey) -> Result<(), EngineError> {
        let context = "create the role of standbys";
        let socket = self.known_slot(source).and_then(|slot| slot.socket());
        let socket =
            socket.ok_or_else(|| EngineError::NotFound { what: format!("a running compute of {source}") })?;
        let data = self.existing(source).await?.join("data");
        let limits = SessionLimits::CATALOG;
        let mut session = self.log_in(&socket, &data, MAINTENANCE_DATABASE, limits).await?;
        let found: Option<(bool, Option<String>)> = sqlx::query_as(
            "SELECT rolreplication, rolpassword FROM pg_catalog.pg_authid
             WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name",
        )
        .bind(REPLICATION_ROLE)
        .fetch_optional(&mut session)
        .await_within(limits.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let password = self.platform.replication_password(&source.to_string());
        let verb = match found {
            None => "CREATE",
            Some((false, _)) => {
                return Err(EngineError::failed(format!(
                    "the role \"{REPLICATION_ROLE}\", as which read-only endpoints stream, was created in SQL; drop it"
                )));
            }
            Some((true, known)) => {
                let known = known.as_deref().and_then(Verifier::parse);
                if known.is_some_and(|known| known.accepts(password.expose_secret())) {
                    return Ok(());
                }
                // A branch has the role of its source, with the source's password.
                "ALTER"
            }
        };
        let verifier =
            Verifier::of_generated(&password).map_err(EngineError::io("derive a password for", &data))?;
        let password = quote_literal(&verifier.to_string());
        let sql = format!("{verb} ROLE {REPLICATION_ROLE} LOGIN REPLICATION PASSWORD {password}");
        let done = session.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await_within(limits.answer(), context);
        done.await?.map_err(EngineError::sql(context))?;
        drop(sqlx::Connection::close(session).await);
        Ok(())
    }

    /// Whether the clone of a standby that is stopped can go on with the WAL that the source has.
    ///
    /// The last record of the standby is in its newest segment or, where a restartpoint has made one ahead, in the one
    /// before it. The source keeps segments without gaps.
    async fn can_continue(&self, source: &BranchKey, standby: &BranchKey) -> Result<bool, EngineError> {
        let (source, standby) = (source.clone(), standby.clone());
        self.on_disk(move |storage| {
            let segments = storage::segments(&wal_of(storage, &standby)?)?;
            let Some(needed) = segments.get(segments.len().saturating_sub(2)) else { return Ok(false) };
            let there = wal_of(storage, &source)?.join(needed);
            is_taken(&there).map_err(EngineError::io("look for", &there))
        })
        .await
    }
}

/// Settings of the standby of a read-only endpoint.
const SETTINGS: [(&str, &str); 1] = [
    // Vacuum on the source waits for queries here, so that they neither end nor delay the replay.
    ("hot_standby_feedback", "on"),
];

/// Writes the files that make a server of this data directory a standby.
pub(super) fn configure(data: &Path, connection: &str, settings: &[(&str, &str)]) -> Result<(), EngineError> {
    let connection = connection.replace('\\', "\\\\").replace('\'', "''");
    let mut text = format!("# Written anew at every start.\nprimary_conninfo = '{connection}'\n");
    for (name, value) in settings {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name} = '{value}'");
    }
    for (name, text) in [(SETTINGS_FILE, text.as_str()), (SIGNAL_FILE, "")] {
        let path = data.join(name);
        storage::replace(&path, text.as_bytes()).map_err(EngineError::io("write", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_connection_survives_both_quotings_and_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        configure(dir.path(), r"host='/a\'b' password='x\\y'", &SETTINGS).unwrap();
        let path = dir.path().join(SETTINGS_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(r"primary_conninfo = 'host=''/a\\''b'' password=''x\\\\y'''"), "{text}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0);
        assert!(dir.path().join(SIGNAL_FILE).exists());
    }
}
