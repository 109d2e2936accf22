//! Configuration, TLS connector and connections of `tokio-postgres`.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use tokio_postgres::{Client, Config, Connection, Socket, config::SslMode, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls;
use crate::{api::credential::DatabaseCredential, error::Result, postgres::info::ConnectionInfo};

/// The half of a connection of `tokio-postgres` that talks to the server; it has to be spawned.
pub type TokioPostgresConnection = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

type Attempt = BoxFuture<'static, Result<(Client, TokioPostgresConnection), tokio_postgres::Error>>;

impl ConnectionInfo {
    /// The configuration of `tokio-postgres`, with a password for the next two minutes at least.
    ///
    /// It is for pools and tools of your own: generate another one for each connection.
    /// [`connect_tokio_postgres`](Self::connect_tokio_postgres) does that, and retries.
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
    /// let info = branch.connection_info().await?;
    /// let (client, connection) = info.tokio_postgres_config().await?.connect(info.rustls_connector()?).await?;
    /// tokio::spawn(connection);
    /// # let _ = client;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`password`](Self::password).
    pub async fn tokio_postgres_config(&self) -> Result<Config> {
        let credential = self.password().await?;
        Ok(self.tokio_postgres_config_with(&credential))
    }

    /// The TLS connector for `tokio-postgres`, which trusts the authorities that HTTP trusts. It binds the login to the
    /// TLS channel where the server offers that.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) when the file of [`ca_cert`](Self::ca_cert) has no certificate.
    pub fn rustls_connector(&self) -> Result<MakeRustlsConnect> {
        Ok(MakeRustlsConnect::new(tls::client_config(self)?))
    }

    /// Opens a connection of `tokio-postgres`: with a fresh password, after the wake of a suspended compute, and once
    /// more with a new password where one is refused.
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
    /// let info = branch.connection_info().await?;
    /// let (client, connection) = info.connect_tokio_postgres().await?;
    /// tokio::spawn(connection);
    /// let one: i32 = client.query_one("select 1", &[]).await?.get(0);
    /// # let _ = one;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`password`](Self::password); [`Connect`](crate::ErrorKind::Connect) when the server cannot be reached
    /// or its certificate cannot be verified; [`Database`](crate::ErrorKind::Database) when PostgreSQL refuses the
    /// login; [`Timeout`](crate::ErrorKind::Timeout) when no login succeeds within the limit, which is two minutes
    /// unless the [request](crate::builder::DescribeConnection::timeout) sets another.
    pub async fn connect_tokio_postgres(&self) -> Result<(Client, TokioPostgresConnection)> {
        let tls = self.rustls_connector()?;
        self.log_in(self.tokio_postgres_attempt(&tls)).await
    }

    /// Logs in once with a credential.
    pub(in crate::postgres) fn tokio_postgres_attempt(
        &self,
        tls: &MakeRustlsConnect,
    ) -> impl FnMut(Arc<DatabaseCredential>) -> Attempt {
        move |credential| {
            let (config, tls) = (self.tokio_postgres_config_with(&credential), tls.clone());
            Box::pin(async move { config.connect(tls).await })
        }
    }

    pub(in crate::postgres) fn tokio_postgres_config_with(&self, credential: &DatabaseCredential) -> Config {
        let mut config = self.tokio_postgres_config_without();
        config.password(credential.token.expose_secret());
        config
    }

    /// The configuration without a password.
    pub(in crate::postgres) fn tokio_postgres_config_without(&self) -> Config {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(&self.user)
            .dbname(&self.database)
            .ssl_mode(SslMode::Require);
        config
    }
}
