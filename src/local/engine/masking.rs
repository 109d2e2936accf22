//! Masking of a branch that has no address yet, and the removal of everything that it had before.
//!
//! The branch gets a server of its own for that, which only a shutdown of the engine knows: no history is kept of it,
//! and no login finds it. Statements that run code of the database's users do so as a role with the privileges of all
//! owners together, and none beyond ([`MASKER`]); the check of the rules reports such code. When the rows are masked,
//! the server shuts down, and what it left of the past is removed (`storage/history/cut.rs`): write-ahead log,
//! statistics files, history, logs, and files that belong to no relation.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use futures_util::future::{BoxFuture, join_all};
use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::sync::RwLock;

use super::{BranchKey, ComputeSettings, Engine, EngineError, Inner, MAINTENANCE_DATABASE};
use crate::{
    local::{
        compute::{AwaitWithin as _, Launch, Server, SessionLimits, Target},
        storage::KeptFiles,
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

/// The time for maskings to end at a shutdown, with the removal of their branches.
const CUT_OFF: Duration = Duration::from_secs(2);

/// The maskings that are under way.
#[derive(Default)]
pub(super) struct Maskings {
    servers: Mutex<Vec<Weak<MaskingServer>>>,
    /// Read by each masking until its branch is whole or removed.
    busy: RwLock<()>,
}

impl Maskings {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<MaskingServer>>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, server: &Arc<MaskingServer>) {
        let mut servers = self.lock();
        servers.retain(|server| server.strong_count() > 0);
        servers.push(Arc::downgrade(server));
    }

    /// Ends all maskings at a shutdown: none begins afterwards. Their branches are removed.
    pub(super) async fn end(&self) {
        let servers: Vec<_> = self.lock().iter().filter_map(Weak::upgrade).collect();
        join_all(servers.iter().map(|server| server.server.stop(Signal::QUIT))).await;
        drop(servers);
        // The next start removes what is left.
        let _ = tokio::time::timeout(CUT_OFF, self.busy.write()).await;
    }
}

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
    /// Runs `work` on a branch that has no other users, and then removes what the branch had before. Where this fails,
    /// the branch is removed; a shutdown makes it fail, and so does the end of `cancelled`, with its error. `work` gives
    /// the files of relations. The caller holds the branch.
    pub(crate) async fn mask<E: From<EngineError>>(
        &self,
        key: &BranchKey,
        cancelled: impl Future<Output = E>,
        work: impl FnOnce(Arc<MaskingServer>) -> BoxFuture<'static, Result<KeptFiles, E>>,
    ) -> Result<(), E> {
        let inner = &self.inner;
        let _busy = inner.maskings.busy.read().await;
        let masked = inner.mask(key, cancelled, work).await;
        if masked.is_err()
            && let Err(error) = inner.remove(key).await
        {
            tracing::error!(%error, branch = %key, "failed to remove a branch whose masking failed; the next start does");
        }
        masked
    }
}

impl Inner {
    async fn mask<E: From<EngineError>>(
        self: &Arc<Self>,
        key: &BranchKey,
        cancelled: impl Future<Output = E>,
        work: impl FnOnce(Arc<MaskingServer>) -> BoxFuture<'static, Result<KeptFiles, E>>,
    ) -> Result<(), E> {
        let dir = self.existing(key).await?;
        let server = self.start_masking(key).await?;
        let done = tokio::select! {
            biased;
            error = cancelled => Err(error),
            done = work(Arc::clone(&server)) => done,
        };
        let stop = if done.is_ok() { Signal::INT } else { Signal::QUIT };
        server.server.stop(stop).await;
        // The reason for which a session broke off.
        self.refuse_when_closing()?;
        let kept = done?;
        let _history = self.history.read().await;
        Ok(self.on_disk(move |storage| storage.cut_history(&dir, &kept)).await?)
    }

    async fn start_masking(self: &Arc<Self>, key: &BranchKey) -> Result<Arc<MaskingServer>, EngineError> {
        let dir = self.existing(key).await?;
        let data = dir.join("data");
        let installation = self.installation_of(&data).await?;
        let major = installation.version.major;
        let socket_dir = self.sockets.directory(&key.to_string()).await?;
        let pg_settings: BTreeMap<_, _> =
            SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let launch = Launch {
            installation,
            data,
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
        let server = Arc::new(MaskingServer { inner: Arc::clone(self), server, major });
        self.maskings.add(&server);
        // A shutdown ends those that it knows.
        if let Err(closing) = self.refuse_when_closing() {
            server.server.stop(Signal::QUIT).await;
            return Err(closing);
        }
        Ok(server)
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

    /// Creates the masking role: a member of the owners of anything. Where PostgreSQL can tell the two apart, it has their
    /// privileges and cannot become one of them, so that nothing that it creates is theirs.
    pub(crate) async fn create_masker(&self) -> Result<(), EngineError> {
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        let create = format!("CREATE ROLE {MASKER} LOGIN INHERIT BYPASSRLS");
        execute(&mut session, &create).await?;
        let option = if self.major >= 16 { " WITH INHERIT TRUE, SET FALSE" } else { "" };
        for owner in column(&mut session, OWNERS).await? {
            let owner = quote_ident(&owner);
            execute(&mut session, &format!("GRANT {owner} TO {MASKER}{option}")).await?;
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

    /// Removes what catalogs of a database still hold of old rows.
    pub(crate) async fn purge_catalogs(&self, database: &str) -> Result<(), EngineError> {
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
        execute(&mut session, "CHECKPOINT").await
    }

    /// The files of all relations. Nothing is changed afterwards.
    pub(crate) async fn relation_files(&self) -> Result<KeptFiles, EngineError> {
        let mut kept = KeptFiles::default();
        let mut session = self.superuser(MAINTENANCE_DATABASE).await?;
        let context = "read the files of relations";
        let databases: Vec<(i64, String, bool)> = sqlx::query_as(
            "SELECT oid::pg_catalog.int8, datname::pg_catalog.text, datallowconn FROM pg_catalog.pg_database",
        )
        .fetch_all(&mut session)
        .await_within(SessionLimits::CATALOG.answer(), context)
        .await?
        .map_err(EngineError::sql(context))?;
        for (oid, name, open) in databases {
            // `template0`, into which nothing is ever written; others that are closed were refused.
            let files = if open { Some(files(&mut self.superuser(&name).await?).await?) } else { None };
            kept.add(oid, files)?;
        }
        Ok(kept)
    }
}

const CATALOGS: &str = "SELECT pg_catalog.format('pg_catalog.%I', relname) FROM pg_catalog.pg_class
    WHERE relnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid
      AND relkind OPERATOR(pg_catalog.=) 'r'";

/// Roles that own objects of any database. Superusers and roles of replication are the platform's.
const OWNERS: &str = "SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles AS role
    WHERE NOT rolsuper AND NOT rolreplication AND NOT rolname OPERATOR(pg_catalog.^@) 'pg_'
      AND EXISTS (SELECT FROM pg_catalog.pg_shdepend
        WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass::pg_catalog.oid
          AND refobjid OPERATOR(pg_catalog.=) role.oid AND deptype OPERATOR(pg_catalog.=) 'o')";

/// The numbers of the files of relations, and whether all databases share them.
async fn files(session: &mut PgConnection) -> Result<Vec<(i64, bool)>, EngineError> {
    let context = "read the files of relations";
    sqlx::query_as(
        "SELECT pg_catalog.pg_relation_filenode(oid::pg_catalog.regclass)::pg_catalog.int8, relisshared
         FROM pg_catalog.pg_class WHERE pg_catalog.pg_relation_filenode(oid::pg_catalog.regclass) IS NOT NULL",
    )
    .fetch_all(session)
    .await_within(SessionLimits::CATALOG.answer(), context)
    .await?
    .map_err(EngineError::sql(context))
}

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
