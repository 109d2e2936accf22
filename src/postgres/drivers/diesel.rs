//! Connections and pools of `diesel-async`, each connection with a fresh password.

use std::{error::Error, fmt};

use diesel::ConnectionError;
use diesel_async::{
    AsyncPgConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, SetupCallback},
};
use futures_util::FutureExt as _;

use crate::{
    error::Result,
    postgres::{
        info::ConnectionInfo,
        login::{DriverError, LoginOutcome, Origin},
    },
};

impl ConnectionInfo {
    /// The manager for a pool of `diesel-async`, with the default configuration. The connections are opened as by
    /// [`connect_diesel`](Self::connect_diesel).
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// let manager = branch.connection_info().await?.diesel_manager();
    /// // let pool = diesel_async::pooled_connection::deadpool::Pool::builder(manager).build()?;
    /// # let _ = manager;
    /// # Ok(())
    /// # }
    /// ```
    pub fn diesel_manager(&self) -> AsyncDieselConnectionManager<AsyncPgConnection> {
        let mut config = ManagerConfig::default();
        config.custom_setup = self.diesel_setup();
        // The setup has all that the address says, and the password besides.
        AsyncDieselConnectionManager::new_with_config(self.url(), config)
    }

    /// The `custom_setup` of a `ManagerConfig` of `diesel-async`, for a manager with other settings.
    pub fn diesel_setup(&self) -> SetupCallback<AsyncPgConnection> {
        let info = self.clone();
        Box::new(move |_| {
            let info = info.clone();
            async move {
                let failed = |error: crate::Error| ConnectionError::BadConnection(format!("{error:?}"));
                info.connect_diesel().await.map_err(failed)
            }
            .boxed()
        })
    }

    /// Opens a connection of `diesel-async`: with a fresh password, after the wake of a suspended compute, and once
    /// more with a new password where one is refused.
    ///
    /// # Errors
    ///
    /// Those of [`connect_tokio_postgres`](Self::connect_tokio_postgres).
    pub async fn connect_diesel(&self) -> Result<AsyncPgConnection> {
        let tls = self.rustls_connector()?;
        self.log_in(|credential| {
            let (config, tls) = (self.tokio_postgres_config_with(&credential), tls.clone());
            async move {
                let (client, connection) = config.connect(tls).await.map_err(DieselError::Login)?;
                let connected = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
                connected.map_err(DieselError::Setup)
            }
        })
        .await
    }
}

/// A failure to log in, or of the first statements, with which diesel sets up a session.
#[derive(Debug)]
enum DieselError {
    Login(tokio_postgres::Error),
    Setup(ConnectionError),
}

impl DriverError for DieselError {
    fn outcome(&self) -> LoginOutcome {
        match self {
            Self::Login(error) => error.outcome(),
            // The statements fail only where the server goes away.
            Self::Setup(_) => LoginOutcome::Retry,
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Login(error) => error.origin(),
            Self::Setup(_) => Origin::Network,
        }
    }

    fn answer(&self) -> Option<&str> {
        match self {
            Self::Login(error) => error.answer(),
            Self::Setup(_) => None,
        }
    }

    fn sqlstate(&self) -> Option<String> {
        match self {
            Self::Login(error) => error.sqlstate(),
            Self::Setup(_) => None,
        }
    }

    fn into_boxed(self) -> Box<dyn Error + Send + Sync> {
        match self {
            Self::Login(error) => error.into_boxed(),
            Self::Setup(error) => Box::new(error),
        }
    }
}

impl fmt::Display for DieselError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Login(error) => error.fmt(f),
            Self::Setup(error) => error.fmt(f),
        }
    }
}

impl Error for DieselError {}
