//! Runs PostgreSQL once to replay the WAL of a data directory and shut it down cleanly.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use rustix::process::Signal;

use super::{BranchKey, ComputeSettings, Durability, EngineError, Inner, MAINTENANCE_DATABASE};
use crate::local::compute::{AwaitWithin as _, Launch, Server, SessionLimits};

/// Large enough to replay a log from memory.
const MEMORY: u64 = 2 << 30;

/// Settings that a recovery may need whatever those of the branch are, without anything that writes on its own.
const SETTINGS: [(&str, &str); 3] =
    [("hot_standby", "off"), ("autovacuum", "off"), ("max_prepared_transactions", "1000")];

/// A data directory in need of recovery.
pub(super) struct RecoveryTarget<'a> {
    /// Names its socket.
    pub(super) key: &'a BranchKey,
    /// The directory with its data and its log.
    pub(super) dir: &'a Path,
    pub(super) durability: Durability,
}

impl Inner {
    /// Starts PostgreSQL, which recovers, and stops it cleanly. Gives the time of the last commit that was
    /// replayed, where that is known.
    pub(super) async fn recover(
        &self,
        target: RecoveryTarget<'_>,
        settings: &[(&str, String)],
    ) -> Result<Option<DateTime<Utc>>, EngineError> {
        let data = target.dir.join("data");
        let installation = self.installation_of(&data).await?;
        let socket_dir = self.sockets.directory(&target.key.to_string()).await?;
        let fixed = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let pg_settings: BTreeMap<_, _> =
            fixed.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let settings = ComputeSettings { max_connections: 20, memory_bytes: MEMORY, pg_settings };
        let launch = Launch {
            installation,
            data,
            log: target.dir.join("postgres.log"),
            socket_dir,
            settings,
            durability: target.durability,
            keeps_history: self.keeps_history(),
            closing: Arc::clone(&self.closing),
        };
        let _turn = self.starting.acquire().await.map_err(|_| EngineError::closing())?;
        self.refuse_when_closing()?;
        let server = Server::start(&self.files, &self.spawner, launch).await?;
        let time = self.last_commit(&server, &target.dir.join("data")).await;
        server.stop(Signal::INT).await;
        time
    }

    async fn last_commit(&self, server: &Server, data: &Path) -> Result<Option<DateTime<Utc>>, EngineError> {
        let context = "read the time of the last replayed commit";
        let socket = server
            .socket()
            .ok_or_else(|| EngineError::failed("PostgreSQL ended right after its recovery"))?;
        let limits = SessionLimits::CATALOG;
        let mut session = self.log_in(socket, data, MAINTENANCE_DATABASE, limits).await?;
        // PostgreSQL counts in microseconds: nothing is lost, and no arithmetic is needed there.
        let time: Option<DateTime<Utc>> =
            sqlx::query_scalar("SELECT pg_catalog.pg_last_xact_replay_timestamp()")
                .fetch_one(&mut session)
                .await_within(limits.answer(), context)
                .await?
                .map_err(EngineError::sql(context))?;
        drop(sqlx::Connection::close(session).await);
        Ok(time)
    }
}
