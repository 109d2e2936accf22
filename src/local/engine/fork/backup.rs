//! PostgreSQL's online backup.

use sqlx::{PgConnection, Row as _};

use crate::local::{
    compute::{AwaitWithin as _, SessionLimits},
    engine::{EngineError, position},
    storage::parse_lsn,
};

/// An online backup under way. It ends with its session, however that ends.
pub(super) struct Backup {
    pub(super) session: PgConnection,
    /// Where the clone's replay begins.
    pub(super) start: u64,
    /// As of [`position::quiet`].
    pub(super) quiet_at: Option<u64>,
}

impl Backup {
    /// The slot keeps the WAL that the clone will need, should a checkpoint come in between.
    pub(super) async fn begin(mut session: PgConnection) -> Result<Self, EngineError> {
        let context = "begin the backup of a branch";
        let slot = format!("lakebase_fork_{:016x}", fastrand::u64(..));
        let start: String = sqlx::query_scalar(
            "SELECT pg_catalog.pg_backup_start('lakebase'::pg_catalog.text, true)::pg_catalog.text
             FROM pg_catalog.pg_create_physical_replication_slot($1::pg_catalog.name, true, true)",
        )
        .bind(slot)
        .fetch_one(&mut session)
        .await_within(SessionLimits::BACKUP.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let quiet_at = position::quiet(&mut session).await?;
        Ok(Self { session, start: parse_lsn(&start)?, quiet_at })
    }

    /// Ends the backup; returns its end position and label.
    pub(super) async fn end(&mut self) -> Result<(String, String), EngineError> {
        let context = "end the backup of a branch";
        let row = sqlx::query(
            "SELECT lsn::pg_catalog.text, labelfile::pg_catalog.text FROM pg_catalog.pg_backup_stop(false)",
        )
        .fetch_one(&mut self.session)
        .await_within(SessionLimits::BACKUP.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        let text = |index: usize| row.try_get(index).map_err(EngineError::sql("read the end of a backup"));
        Ok((text(0)?, text(1)?))
    }
}
