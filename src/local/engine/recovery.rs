//! A PostgreSQL that runs only to bring a data directory to rest.

use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, Utc};
use rustix::process::Signal;

use super::{BranchKey, ComputeSettings, Durability, EngineError, Inner};
use crate::local::{
    compute::{Launch, Server, connect},
    storage::data_version,
};

/// Large enough to replay a log from memory.
const MEMORY: u64 = 2 << 30;

/// What a recovery may need whatever the branch was set to, and nothing that writes on its own.
const SETTINGS: [(&str, &str); 3] =
    [("hot_standby", "off"), ("autovacuum", "off"), ("max_prepared_transactions", "1000")];

/// A data directory in need of recovery.
pub(super) struct Patient<'a> {
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
        patient: Patient<'_>,
        settings: &[(&str, String)],
    ) -> Result<Option<DateTime<Utc>>, EngineError> {
        let data = patient.dir.join("data");
        let installation = self.binaries.resolve(Some(data_version(&data)?)).await?;
        let account = self.storage.account();
        let socket_dir = self.sockets.directory(&patient.key.to_string(), account)?;
        let fixed = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let pg_settings: BTreeMap<_, _> =
            fixed.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let settings = ComputeSettings { max_connections: 20, memory_bytes: MEMORY, pg_settings };
        let launch = Launch {
            installation: &installation,
            account,
            data: &data,
            log: &patient.dir.join("postgres.log"),
            socket_dir: &socket_dir,
            settings: &settings,
            durability: patient.durability,
        };
        let _turn =
            self.starting.acquire().await.map_err(|_| EngineError::failed("the engine is closing"))?;
        self.refuse_when_closing()?;
        let server = Server::start(&self.spawner, &launch).await?;
        let time = last_commit(&server).await;
        server.stop(Signal::INT).await;
        time
    }
}

async fn last_commit(server: &Server) -> Result<Option<DateTime<Utc>>, EngineError> {
    let socket =
        server.socket().ok_or_else(|| EngineError::failed("PostgreSQL ended right after its recovery"))?;
    let mut session = connect(socket, "postgres").await?;
    let micros: Option<i64> =
        sqlx::query_scalar("SELECT (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint")
            .fetch_one(&mut session)
            .await
            .map_err(EngineError::sql("read the time of the last replayed commit"))?;
    drop(sqlx::Connection::close(session).await);
    Ok(micros.and_then(DateTime::from_timestamp_micros))
}
