//! Masking of a branch that has no address yet, and the removal of everything that it had before.
//!
//! The branch gets a server of its own for that, which the rest of the engine does not know: no history is kept of it,
//! and no login finds it. Statements that run code of the database's users do so as a role with the privileges of all
//! of them together, and none beyond ([`MASKER`]); the check of the rules reports such code. When the rows are masked,
//! the server shuts down, and what it left of the past is removed (`storage/history/cut.rs`): write-ahead log,
//! statistics files, history, logs, and files that belong to no table.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{BranchKey, ComputeSettings, Engine, EngineError, Inner, MAINTENANCE_DATABASE};
use crate::{
    local::{
        compute::{AwaitWithin as _, Launch, Server, SessionLimits, Target},
        storage,
    },
    sql::quote_ident,
};

/// The role that masks: a member of every role that owns something. It exists during the masking only.
const MASKER: &str = "lakebase_masking";

const MEMORY: u64 = 4 << 30;

/// Old row versions must not be kept for anything that runs on its own, and nothing of a statement be logged.
const SETTINGS: [(&str, &str); 7] = [
    ("autovacuum", "off"),
    ("hot_standby", "off"),
    ("max_prepared_transactions", "1000"),
    ("max_wal_size", "1GB"),
    ("checkpoint_timeout", "1h"),
    ("log_statement", "none"),
    ("log_min_messages", "error"),
];

/// A server on a branch that is being masked.
pub(crate) struct MaskingServer {
    inner: Arc<Inner>,
    server: Server,
    major: u32,
}

impl Drop for MaskingServer {
    fn drop(&mut self) {
        // Already ended unless the work broke off.
        self.server.signal(Signal::QUIT);
    }
}

impl Engine {
    /// Runs `work` on a branch that has no other users, and then removes what the branch had before: where this fails, the
    /// branch must be removed. `work` gives the names of relation files that belong to no table. The caller holds the
    /// branch.
    pub(crate) async fn mask<E: From<EngineError>>(
        &self,
        key: &BranchKey,
        work: impl FnOnce(Arc<MaskingServer>) -> BoxFuture<'static, Result<Vec<PathBuf>, E>>,
    ) -> Result<(), E> {
        let inner = &self.inner;
        let dir = inner.existing(key).await?;
        let server = inner.start_masking(key).await?;
        let done = work(Arc::clone(&server)).await;
        let stop = if done.is_ok() { Signal::INT } else { Signal::QUIT };
        server.server.stop(stop).await;
        let stale = done?;
        let _kept = inner.history.read().await;
        let cut = inner.on_disk(move |storage| storage.cut_history(&dir, &stale)).await;
        Ok(cut?)
    }
}

impl Inner {
    async fn start_masking(self: &Arc<Self>, key: &BranchKey) -> Result<Arc<MaskingServer>, EngineError> {
        let dir = self.existing(key).await?;
        let data = dir.join("data");
        let installation = self.installation_of(&data).await?;
        let socket_dir = self.sockets.directory(&key.to_string()).await?;
        let pg_settings: BTreeMap<_, _> =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let launch = Launch {
            installation,
            data: data.clone(),
            log: dir.join("postgres.log"),
            socket_dir,
            settings: ComputeSettings { max_connections: 20, memory_bytes: MEMORY, pg_settings },
            durability: self.durability,
            keeps_history: false,
            closing: Arc::clone(&self.closing),
        };
        let _turn = self.starting.acquire().await.map_err(|_| EngineError::closing())?;
        self.refuse_when_closing()?;
        let server = Server::start(&self.files, &self.spawner, launch).await?;
        let major = self.on_disk(move |_| storage::data_version(&data)).await?;
        Ok(Arc::new(MaskingServer { inner: Arc::clone(self), server, major }))
    }
}

impl MaskingServer {
    fn target<'a>(&'a self, database: &'a str) -> Result<Target<'a>, EngineError> {
        let ended = || EngineError::failed("PostgreSQL ended while a branch was masked");
        let socket = self.server.socket().ok_or_else(ended)?;
        Ok(Target { socket, major: self.major, database, limits: SessionLimits::REWRITE })
    }

    async fn superuser(&self, database: &str) -> Result<PgConnection, EngineError> {
        self.inner.platform.connect(self.target(database)?).await
    }

    /// The databases that hold what users made.
    pub(crate) async fn databases(&self) -> Result<Vec<String>, EngineError> {
        let context = "read the databases of a branch";
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        let all: Vec<(String, bool)> = sqlx::query_as(
            "SELECT datname::pg_catalog.text, datallowconn FROM pg_catalog.pg_database
             WHERE datname OPERATOR(pg_catalog.<>) ALL ('{template0,template1,postgres}'::pg_catalog.name[])
             ORDER BY 1",
        )
        .fetch_all(&mut session)
        .await_within(SessionLimits::CATALOG.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        if let Some((closed, _)) = all.iter().find(|(_, open)| !open) {
            let reason = format!("database {closed} allows no connections, so that it cannot be masked");
            return Err(EngineError::Unsupported { reason });
        }
        Ok(all.into_iter().map(|(name, _)| name).collect())
    }

    /// Creates the masking role.
    pub(crate) async fn create_masker(&self) -> Result<(), EngineError> {
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        let create = format!("CREATE ROLE {MASKER} LOGIN INHERIT BYPASSRLS");
        execute(&mut session, &create).await?;
        let context = "read the roles of a branch";
        let roles: Vec<String> = sqlx::query_scalar(
            "SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles
             WHERE NOT rolsuper AND NOT rolreplication AND NOT rolname OPERATOR(pg_catalog.^@) 'pg_'
               AND rolname OPERATOR(pg_catalog.<>) $1::pg_catalog.name",
        )
        .bind(MASKER)
        .fetch_all(&mut session)
        .await_within(SessionLimits::CATALOG.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        for role in roles.iter().map(|role| quote_ident(role)) {
            execute(&mut session, &format!("GRANT {role} TO {MASKER}")).await?;
        }
        Ok(())
    }

    /// Logs in as the masking role.
    pub(crate) async fn masker(&self, database: &str) -> Result<PgConnection, EngineError> {
        // Of databases that are closed to all but some roles; the owner's members may log in.
        self.inner.platform.connect_as(MASKER, self.target(database)?).await
    }

    /// Removes the masking role.
    pub(crate) async fn drop_masker(&self) -> Result<(), EngineError> {
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        execute(&mut session, &format!("DROP ROLE {MASKER}")).await
    }

    /// Continues the write-ahead log in a new segment. Its file is new, as segments are not recycled, and nothing before
    /// it is needed after the checkpoint.
    pub(crate) async fn begin_wal(&self) -> Result<(), EngineError> {
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        execute(&mut session, "SELECT pg_catalog.pg_switch_wal()").await?;
        execute(&mut session, "CHECKPOINT").await
    }

    /// Removes what catalogs of a database still hold of old rows, and gives the files that belong to no table.
    pub(crate) async fn purge_catalogs(&self, database: &str) -> Result<Vec<PathBuf>, EngineError> {
        let mut session = self.superuser(database).await?;
        execute(&mut session, "SET allow_system_table_mods = on").await?;
        for statistics in ["pg_statistic", "pg_statistic_ext_data"] {
            execute(&mut session, &format!("DELETE FROM pg_catalog.{statistics}")).await?;
        }
        // Of each table as its owner; new statistics are of masked values.
        execute(&mut session, "ANALYZE").await?;
        for catalog in column(&mut session, CATALOGS).await? {
            execute(&mut session, &format!("VACUUM (FULL) {catalog}")).await?;
        }
        // Files of dropped and rewritten relations go with it.
        execute(&mut session, "CHECKPOINT").await?;
        let stale = column(&mut session, STALE_FILES).await?;
        Ok(stale.into_iter().map(PathBuf::from).collect())
    }
}

const CATALOGS: &str = "SELECT pg_catalog.format('pg_catalog.%I', relname) FROM pg_catalog.pg_class
    WHERE relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid
      AND relkind OPERATOR(pg_catalog.=) 'r'";

/// Main and other forks of relations in the database's directory whose number no relation has.
const STALE_FILES: &str = "SELECT 'base/' || d.oid::pg_catalog.text || '/' || f.name
    FROM pg_catalog.pg_database d,
      pg_catalog.pg_ls_dir('base/' || d.oid::pg_catalog.text) f(name)
    WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
      AND f.name OPERATOR(pg_catalog.~) '^[0-9]+(_(fsm|vm|init))?([.][0-9]+)?$'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c
        WHERE pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.text
          OPERATOR(pg_catalog.=) pg_catalog.substring(f.name, '^[0-9]+'))";

async fn execute(session: &mut PgConnection, sql: &str) -> Result<(), EngineError> {
    let context = "mask a branch";
    let done = session.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())));
    done.await_within(SessionLimits::REWRITE.answer(), context).await?.map_err(EngineError::sql(context))?;
    Ok(())
}

async fn column(session: &mut PgConnection, sql: &'static str) -> Result<Vec<String>, EngineError> {
    let context = "read the catalogs of a masked branch";
    let rows = sqlx::query_scalar(sql).fetch_all(session);
    rows.await_within(SessionLimits::REWRITE.answer(), context).await?.map_err(EngineError::sql(context))
}
