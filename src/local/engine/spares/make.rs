//! Making of spares.

use std::{path::Path, sync::Arc, time::Duration};

use chrono::Utc;

use super::{Recovery, Spare, databases::list};
use crate::local::{
    compute::{Server, SessionLimits},
    engine::{
        BranchKey, ComputeSettings, Engine, EngineError, Fork, Inner, MAINTENANCE_DATABASE,
        standby::configure,
    },
    failpoint,
    storage::{CloneMethod, Storage, data_size},
};

/// The time for a new spare to stream and to get to where its source is.
const STREAMS_WITHIN: Duration = Duration::from_secs(10);
/// Where the file system cannot share extents a spare is a full copy, which is worth its space for small databases.
const LARGEST_COPY: u64 = 256 << 20;

/// Settings of a spare. All of them can be taken back without a restart.
const SETTINGS: [(&str, &str); 2] = [
    // It has no history of its own, and nothing streams from it.
    ("wal_keep_size", "0"),
    // Also the time that a promotion may wait where the stream has just broken.
    ("wal_retrieve_retry_interval", "100ms"),
];

impl Engine {
    /// Makes a spare of a branch, which runs, under the key of the branch that it is to become. One is made at a time.
    pub(crate) async fn make_spare(
        &self,
        source: &BranchKey,
        spare: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<(), EngineError> {
        let (source, spare, settings) = (source.clone(), spare.clone(), settings.clone());
        self.detached(move |inner| async move { inner.make_spare(&source, &spare, &settings).await }).await
    }
}

impl Inner {
    async fn make_spare(
        self: &Arc<Self>,
        source: &BranchKey,
        key: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<(), EngineError> {
        let _turn = self.spares.making.lock().await;
        self.refuse_when_closing()?;
        let slot = self.slot(source);
        let gone = || EngineError::NotFound { what: format!("a running compute of {source}") };
        let server = slot.running_server().ok_or_else(gone)?;
        let data = self.existing(source).await?.join("data");
        let measured = data.clone();
        self.on_disk(move |storage| check_affordable(storage, &measured)).await?;
        self.admit_standbys(source).await?;
        self.slot(key).set_spare(true);
        let made = async {
            let mut spare = self.start_spare(source, key, settings).await?;
            let session = match self.spares.session(source, &server) {
                Some(session) => session,
                None => {
                    let socket = server.socket().ok_or_else(gone)?;
                    let limits = SessionLimits::BACKUP;
                    let session = self.log_in(socket, &data, MAINTENANCE_DATABASE, limits).await?;
                    Arc::new(tokio::sync::Mutex::new(session))
                }
            };
            let position = self.mark(source, &session).await?;
            let there = |recovery: &Recovery| recovery.replayed >= position;
            let there = Recovery::when(&mut spare.session, STREAMS_WITHIN, there).await?;
            there.ok_or_else(|| EngineError::failed("the spare does not follow its source"))?;
            // No stop of the source is under way: it would not know of the spare.
            let _shared = slot.shared().await;
            self.refuse_when_closing()?;
            let same = |now: &Arc<Server>| Arc::ptr_eq(now, &server);
            slot.running_server().filter(same).ok_or_else(gone)?;
            Ok(self.spares.add(source, &server, session, spare))
        };
        match made.await {
            Ok(old) => {
                failpoint::reached("spare.ready");
                tracing::debug!(spare = %key, %source, "a spare is ready");
                for spare in old {
                    self.discard_spare(spare).await;
                }
                Ok(())
            }
            Err(error) => {
                self.discard_spare_of(key).await;
                Err(error)
            }
        }
    }

    /// Clones the source, and starts a hot standby on the clone.
    async fn start_spare(
        self: &Arc<Self>,
        source: &BranchKey,
        key: &BranchKey,
        settings: &ComputeSettings,
    ) -> Result<Spare, EngineError> {
        let since = Utc::now();
        let fork = self.fork(source, key).await?;
        failpoint::reached("spare.cloned");
        let data = self.existing(key).await?.join("data");
        let (configured, connection) = (data.clone(), self.connection_to(source));
        self.on_disk(move |_| configure(&configured, &connection, &SETTINGS)).await?;
        let socket = self.start(key, settings).await?;
        failpoint::reached("spare.started");
        let limits = SessionLimits::BACKUP;
        let mut session = self.log_in(&socket, &data, MAINTENANCE_DATABASE, limits).await?;
        // With its first login to a database, PostgreSQL writes the file from which later ones fill their caches.
        let databases = list(&mut session).await?;
        let databases = self.log_in_to_all(&socket, &data, databases).await;
        let (settings, key) = (settings.clone(), key.clone());
        let Fork { method, bytes_added, .. } = fork;
        Ok(Spare { key, settings, session, databases, since, method, bytes_added })
    }
}

/// Refuses a spare that would take much space, or any where the disk is short.
fn check_affordable(storage: &Storage, data: &Path) -> Result<(), EngineError> {
    if storage.is_short_of_space()? {
        return Err(EngineError::failed("the disk is short, so that no spare is made"));
    }
    if storage.method()? == CloneMethod::Copy && data_size(data)? > LARGEST_COPY {
        let limit = LARGEST_COPY >> 20;
        return Err(EngineError::failed(format!("a spare would be a copy of more than {limit} MB")));
    }
    Ok(())
}
