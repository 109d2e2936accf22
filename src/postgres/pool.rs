//! Connection pool with renewed credentials.

use std::{fmt, sync::Arc, time::Duration};

use async_stream::try_stream;
use futures_util::{TryStreamExt as _, future::BoxFuture, stream::BoxStream};
use sqlx::{
    Acquire, Either, Execute, Executor, PgPool, Postgres, SqlStr, Transaction,
    pool::PoolConnection,
    postgres::{PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep},
};

use super::{
    info::ConnectionInfo,
    login::{DriverError as _, LoginOutcome},
};
use crate::{
    api::{backoff::Backoff, credential::DatabaseCredential},
    error::Result,
};

/// A [`PgPool`] whose new connections log in with a credential that has not expired, for as long as the pool lives.
/// Clones share it.
///
/// `&pool` is an executor of sqlx. A task renews the credential. It ends with the last clone of this pool, or when the
/// pool is closed; [`into_inner`](Self::into_inner) attaches the task to the `PgPool` instead.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
/// let pool = branch.pool().await?;
/// let one: i32 = sqlx::query_scalar("select 1").fetch_one(&pool).await?;
/// let mut transaction = pool.begin().await?;
/// sqlx::query("create table notes (text text)").execute(&mut *transaction).await?;
/// transaction.commit().await?;
/// pool.close().await;
/// # let _ = one;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LakebasePool {
    pool: PgPool,
    info: Arc<ConnectionInfo>,
    refresh_task: Arc<RefreshTask>,
}

/// The task that renews the credential; aborted with the last clone of the pool.
struct RefreshTask(AbortHandle);

impl Drop for RefreshTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The interval at which the wall clock is checked: timers stand still while a machine sleeps, and it must not log in
/// with an expired credential afterwards.
const MAX_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// The pauses between logins that broke off.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2)).jitter(0.2);
/// The pause after a failure to renew.
const RETRY_DELAY: Duration = Duration::from_secs(5);

impl LakebasePool {
    pub(super) async fn open(info: ConnectionInfo, options: PgPoolOptions) -> Result<Self> {
        let log_in =
            |credential: Arc<DatabaseCredential>| options.clone().connect_with(info.options(&credential));
        let pool = info.log_in(log_in).await?;
        Ok(Self::with_refresh(pool, info))
    }

    fn with_refresh(pool: PgPool, info: ConnectionInfo) -> Self {
        let refresh_task = tokio::spawn(renew(pool.clone(), info.clone())).abort_handle();
        Self { pool, info: Arc::new(info), refresh_task: Arc::new(RefreshTask(refresh_task)) }
    }

    /// Returns the sqlx pool. Its credentials are renewed until it is closed with [`PgPool::close`]; dropping all
    /// clones of it does not end that.
    pub fn into_inner(self) -> PgPool {
        tokio::spawn(renew(self.pool.clone(), (*self.info).clone()));
        self.pool.clone()
    }

    /// Takes a connection out of the pool. Unlike with [`PgPool::acquire`], a login that is refused because the
    /// credential expired is tried again with a new one, and one that a starting or stopping server breaks off is tried
    /// again until the `acquire_timeout` of the pool.
    ///
    /// # Errors
    ///
    /// Those of sqlx.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.retried(|| self.pool.acquire()).await
    }

    /// Begins a transaction, with a connection as [`acquire`](Self::acquire) gives it.
    ///
    /// # Errors
    ///
    /// Those of sqlx.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.retried(|| self.pool.begin()).await
    }

    /// Closes the pool and waits until all its connections are closed.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether the pool is closed.
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// The number of connections, idle ones included.
    pub fn size(&self) -> u32 {
        self.pool.size()
    }

    /// The number of idle connections.
    pub fn num_idle(&self) -> usize {
        self.pool.num_idle()
    }

    /// The pool of sqlx behind this one, for functions that take one. Its logins use the credential that the task keeps
    /// fresh, but a login that is rejected is not tried again with a new one.
    pub fn as_pg_pool(&self) -> &PgPool {
        &self.pool
    }

    /// Repeats `attempt` while the reason for its failure is a login that may succeed later. A connection was not
    /// there yet, so no statement runs twice.
    async fn retried<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, sqlx::Error>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        let mut backoff = BACKOFF;
        let end = Instant::now() + self.pool.options().get_acquire_timeout();
        let mut renewed = false;
        loop {
            let error = match attempt().await {
                Err(error) => error,
                result => return result,
            };
            match error.outcome() {
                LoginOutcome::Renew if !renewed && self.refresh().await => renewed = true,
                // The pool has waited as long as it may.
                LoginOutcome::Retry
                    if !matches!(error, sqlx::Error::PoolTimedOut) && Instant::now() < end =>
                {
                    tracing::debug!(%error, "the login broke off, trying again");
                    sleep(backoff.pause()).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn refresh(&self) -> bool {
        let renewed = async {
            let refused = self.info.cache.get().await?;
            self.info.cache.replace(&refused).await
        };
        match renewed.await {
            Ok(credential) => {
                self.pool.set_connect_options(self.info.options(&credential));
                true
            }
            Err(error) => {
                tracing::warn!(%error, "no new credential for the pool");
                false
            }
        }
    }
}

/// Queries run on a connection that [`LakebasePool::acquire`] gives.
impl<'p> Executor<'p> for &LakebasePool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(try_stream! {
            let mut connection = pool.acquire().await?;
            let mut items = connection.fetch_many(query);
            while let Some(item) = items.try_next().await? {
                yield item;
            }
        })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move { pool.acquire().await?.prepare_with(sql, parameters).await })
    }
}

impl<'a> Acquire<'a> for &LakebasePool {
    type Database = Postgres;
    type Connection = PoolConnection<Postgres>;

    fn acquire(self) -> BoxFuture<'a, Result<Self::Connection, sqlx::Error>> {
        let pool = self.clone();
        Box::pin(async move { LakebasePool::acquire(&pool).await })
    }

    fn begin(self) -> BoxFuture<'a, Result<Transaction<'a, Postgres>, sqlx::Error>> {
        let pool = self.clone();
        Box::pin(async move { LakebasePool::begin(&pool).await })
    }
}

impl fmt::Debug for LakebasePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = &self.refresh_task;
        f.debug_struct("LakebasePool")
            .field("host", &self.info.host)
            .field("database", &self.info.database)
            .field("user", &self.info.user)
            .field("size", &self.pool.size())
            .finish_non_exhaustive()
    }
}

/// Sets each new credential in the pool before the old one expires.
async fn renew(pool: PgPool, info: ConnectionInfo) {
    let closed = pool.close_event();
    tokio::select! {
        () = closed => {}
        () = renew_forever(&pool, &info) => {}
    }
}

async fn renew_forever(pool: &PgPool, info: &ConnectionInfo) {
    let mut last: Option<Arc<DatabaseCredential>> = None;
    loop {
        sleep(info.cache.due_in().clamp(Duration::from_millis(100), MAX_CHECK_INTERVAL)).await;
        match info.cache.get().await {
            Ok(credential) if last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &credential)) => {
                pool.set_connect_options(info.options(&credential));
                last = Some(credential);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(host = %info.host, %error, "no new credential for the pool, trying again");
                sleep(RETRY_DELAY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::login::tests::{generating, info, password};
    use super::*;
    use crate::http::script::Script;

    async fn lazy(script: &Arc<Script>) -> LakebasePool {
        let info = info(script, None).await;
        let credential = info.cache.get().await.unwrap();
        let pool = PgPoolOptions::new().connect_lazy_with(info.options(&credential));
        LakebasePool::with_refresh(pool, info)
    }

    #[tokio::test(start_paused = true)]
    async fn a_pool_outlives_many_tokens() {
        let script = generating(3600);
        let pool = lazy(&script).await;
        let login = |pool: &LakebasePool| password(&pool.as_pg_pool().connect_options());
        sleep(Duration::from_secs(3600 - 125)).await;
        assert_eq!(login(&pool), "t0");
        sleep(Duration::from_secs(10)).await;
        assert_eq!(login(&pool), "t1");
        sleep(Duration::from_secs(10 * 3600)).await;
        assert!((10..=13).contains(&script.count()), "{}", script.count());
        assert_eq!(login(&pool), format!("t{}", script.count() - 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_last_clone() {
        let script = generating(600);
        let pool = lazy(&script).await;
        let (clone, inner) = (pool.clone(), pool.as_pg_pool().clone());
        drop(pool);
        sleep(Duration::from_secs(900)).await;
        let generated = script.count();
        assert!(generated > 1);
        drop(clone);
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(script.count(), generated);
        assert!(!inner.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_plain_pool_is_renewed_until_it_is_closed() {
        let script = generating(600);
        let pool = lazy(&script).await.into_inner();
        sleep(Duration::from_secs(900)).await;
        let generated = script.count();
        assert!(generated > 1);
        pool.close().await;
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(script.count(), generated);
    }

    #[tokio::test]
    async fn a_pool_never_prints_its_password() {
        let pool = lazy(&generating(3600)).await;
        assert!(!format!("{pool:?}").contains("t0"));
    }
}
