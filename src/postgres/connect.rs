//! Requests for pools and connections of sqlx.

use std::time::Duration;

use sqlx::{ConnectOptions as _, PgConnection, postgres::PgPoolOptions};

use super::{Options, Target, TlsMode, info::ConnectionInfo, login_options, pool::LakebasePool};
use crate::{
    api::{
        branch::{Branch, BranchInfo},
        endpoint::{Endpoint, EndpointInfo},
        request::sent_when_awaited,
        resource::forward,
    },
    error::Result,
};

/// A request for a pool: [`Branch::pool`], [`Endpoint::pool`]. Awaited, it has logged in once.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
/// use sqlx::postgres::PgPoolOptions;
///
/// let pool = branch
///     .pool()
///     .database("app")
///     .options(PgPoolOptions::new().max_connections(20))
///     .await?;
/// let one: i32 = sqlx::query_scalar("select 1").fetch_one(&pool).await?;
/// # let _ = one;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, for a branch those of [`Branch::ensure_endpoint`], for an endpoint those of
/// [`Endpoint::wait_until_ready`]; [`Connect`](crate::ErrorKind::Connect) when the server cannot be reached or its
/// certificate cannot be verified; [`Database`](crate::ErrorKind::Database) when PostgreSQL refuses the login;
/// [`Timeout`](crate::ErrorKind::Timeout) when no login succeeds within the limit.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened until the request is awaited"]
pub struct OpenPool {
    login: Options,
    options: PgPoolOptions,
}

impl OpenPool {
    login_options!();

    /// Size, timeouts and hooks of the pool. Default: sqlx's own.
    pub fn options(mut self, options: PgPoolOptions) -> Self {
        self.options = options;
        self
    }

    async fn run(self) -> Result<LakebasePool> {
        LakebasePool::open(self.login.info().await?, self.options).await
    }
}

sent_when_awaited!(OpenPool => LakebasePool);

/// A request for one connection: [`Branch::connect`], [`Endpoint::connect`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
/// let mut connection = branch.connect().await?;
/// sqlx::query("create table notes (text text)").execute(&mut connection).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, for a branch those of [`Branch::ensure_endpoint`], for an endpoint those of
/// [`Endpoint::wait_until_ready`]; [`Connect`](crate::ErrorKind::Connect) when the server cannot be reached or its
/// certificate cannot be verified; [`Database`](crate::ErrorKind::Database) when PostgreSQL refuses the login;
/// [`Timeout`](crate::ErrorKind::Timeout) when no login succeeds within the limit.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened until the request is awaited"]
pub struct OpenConnection {
    login: Options,
}

impl OpenConnection {
    login_options!();

    async fn run(self) -> Result<PgConnection> {
        self.login.info().await?.connect().await
    }
}

sent_when_awaited!(OpenConnection => PgConnection);

impl ConnectionInfo {
    /// Opens one connection with these parameters.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut connection = lakebase::ConnectionInfo::from_env().await?.connect().await?;
    /// let one: i32 = sqlx::query_scalar("select 1").fetch_one(&mut connection).await?;
    /// # let _ = one;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`password`](Self::password); [`Config`](crate::ErrorKind::Config) where the file of the certificate
    /// authority holds none; [`Connect`](crate::ErrorKind::Connect) where the server cannot be reached or its certificate
    /// verified, [`Database`](crate::ErrorKind::Database) where PostgreSQL refuses the login,
    /// [`Timeout`](crate::ErrorKind::Timeout) where it does not accept one within two minutes.
    pub async fn connect(&self) -> Result<PgConnection> {
        self.log_in(|credential| {
            let options = self.options(&credential);
            async move { options.connect().await }
        })
        .await
    }

    /// Opens a pool with these parameters, whose connections log in with fresh credentials for as long as it lives.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use lakebase::{ConnectionInfo, sqlx::postgres::PgPoolOptions};
    ///
    /// let pool = ConnectionInfo::from_env().await?.pool(PgPoolOptions::new().max_connections(20)).await?;
    /// # let _ = pool;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub async fn pool(&self, options: PgPoolOptions) -> Result<LakebasePool> {
        LakebasePool::open(self.clone(), options).await
    }
}

impl Endpoint {
    /// Opens a pool whose connections log in with fresh credentials for as long as the pool lives.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`wait_until_ready`](Self::wait_until_ready); [`Connect`](crate::ErrorKind::Connect)
    /// where the server cannot be reached or its certificate verified, [`Database`](crate::ErrorKind::Database) where
    /// PostgreSQL refuses the login, [`Timeout`](crate::ErrorKind::Timeout) where it does not accept one in time.
    pub fn pool(&self) -> OpenPool {
        OpenPool { login: Options::new(Target::Endpoint(self.clone())), options: PgPoolOptions::new() }
    }

    /// Opens one connection.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`wait_until_ready`](Self::wait_until_ready); [`Connect`](crate::ErrorKind::Connect)
    /// where the server cannot be reached or its certificate verified, [`Database`](crate::ErrorKind::Database) where
    /// PostgreSQL refuses the login, [`Timeout`](crate::ErrorKind::Timeout) where it does not accept one in time.
    pub fn connect(&self) -> OpenConnection {
        OpenConnection { login: Options::new(Target::Endpoint(self.clone())) }
    }
}

impl Branch {
    /// Opens a pool to the branch's read-write endpoint, which is made (as `ep-<branch>`) where there is none.
    ///
    /// Its connections log in with fresh credentials for as long as the pool lives.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`ensure_endpoint`](Self::ensure_endpoint); [`Connect`](crate::ErrorKind::Connect) where
    /// the server cannot be reached or its certificate verified, [`Database`](crate::ErrorKind::Database) where
    /// PostgreSQL refuses the login, [`Timeout`](crate::ErrorKind::Timeout) where it does not accept one in time.
    pub fn pool(&self) -> OpenPool {
        OpenPool { login: Options::new(Target::Branch(self.clone())), options: PgPoolOptions::new() }
    }

    /// Opens one connection to the branch's read-write endpoint, which is made where there is none.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`ensure_endpoint`](Self::ensure_endpoint); [`Connect`](crate::ErrorKind::Connect) where
    /// the server cannot be reached or its certificate verified, [`Database`](crate::ErrorKind::Database) where
    /// PostgreSQL refuses the login, [`Timeout`](crate::ErrorKind::Timeout) where it does not accept one in time.
    pub fn connect(&self) -> OpenConnection {
        OpenConnection { login: Options::new(Target::Branch(self.clone())) }
    }
}

impl EndpointInfo {
    forward! {
        Endpoint:
        fn pool(&self) -> OpenPool;
        fn connect(&self) -> OpenConnection;
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn pool(&self) -> OpenPool;
        fn connect(&self) -> OpenConnection;
    }
}

/// Closes a session. A failure is only logged: PostgreSQL notices the closed socket.
#[cfg(any(feature = "schema", feature = "testing"))]
pub(crate) async fn close(connection: PgConnection) {
    if let Err(error) = sqlx::Connection::close(connection).await {
        tracing::debug!(%error, "closing a connection");
    }
}
