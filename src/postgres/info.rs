//! Connection parameters for any driver.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
#[cfg(feature = "sqlx")]
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{HostChoice, LOGIN_LIMIT};
use crate::{
    api::{
        credential::{CredentialCache, DatabaseCredential},
        endpoint::EndpointInfo,
    },
    error::{Error, ErrorKind, Result},
};

/// Verification of the server. There is no unencrypted mode: the service rejects such connections.
///
/// ```
/// assert_eq!(lakebase::model::TlsMode::default(), lakebase::model::TlsMode::VerifyFull);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsMode {
    /// Its certificate must be signed by a trusted authority and name the host (`verify-full`).
    #[default]
    VerifyFull,
    /// Its certificate must be signed by a trusted authority, for whatever host (`verify-ca`).
    VerifyCa,
    /// Encrypted, but the server is not authenticated (`require`).
    Require,
}

impl TlsMode {
    /// The value of `sslmode` in PostgreSQL's drivers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::VerifyFull => "verify-full",
            Self::VerifyCa => "verify-ca",
            Self::Require => "require",
        }
    }

    #[cfg(feature = "sqlx")]
    fn to_sqlx(self) -> PgSslMode {
        match self {
            Self::VerifyFull => PgSslMode::VerifyFull,
            Self::VerifyCa => PgSslMode::VerifyCa,
            Self::Require => PgSslMode::Require,
        }
    }
}

/// Connection parameters of an endpoint, for any driver.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// let info = branch.connection_info().await?;
/// println!("{}", info.url());                     // no password in it
/// let secret = info.url_with_password().await?;   // for a driver; good for an hour
/// # let _ = secret;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The host name or address, without a port.
    pub host: String,
    /// The TCP port; 5432 in a workspace.
    pub port: u16,
    /// The name of the PostgreSQL database, which is not the id of the [`Database`](crate::Database) resource.
    pub database: String,
    /// The PostgreSQL role.
    pub user: String,
    /// Verification of the server.
    pub tls: TlsMode,
    /// The file with the certificate authority of a local server. `None`: the authorities that HTTP trusts.
    pub ca_cert: Option<PathBuf>,
    /// Whether the host is that of the connection pooler.
    pub pooled: bool,
    pub(super) cache: CredentialCache,
    /// The time limit of a login.
    pub(super) limit: Duration,
    /// Where the role may be younger than the connection.
    pub(super) endpoint_created: Option<DateTime<Utc>>,
    /// The authorities that the client was given, as PEM.
    #[cfg_attr(
        not(any(feature = "sqlx", feature = "tokio-postgres")),
        expect(dead_code, reason = "only drivers ask for them")
    )]
    pub(super) roots: Roots,
}

/// Certificates as PEM.
#[derive(Clone)]
pub(super) struct Roots(pub(super) Arc<[u8]>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").field("bytes", &self.0.len()).finish()
    }
}

impl ConnectionInfo {
    pub(super) fn of(
        endpoint: &EndpointInfo,
        user: String,
        database: String,
        tls: TlsMode,
        choice: HostChoice,
    ) -> Result<Self> {
        let host = host_of(endpoint, choice)?;
        Ok(Self {
            host,
            port: endpoint.hosts.port,
            database,
            user,
            tls,
            ca_cert: endpoint.hosts.ca_cert.clone(),
            pooled: choice.pooled,
            cache: CredentialCache::of(endpoint),
            limit: LOGIN_LIMIT,
            endpoint_created: None,
            roots: Roots(endpoint.handle().client().roots().into()),
        })
    }

    /// The password: generated, cached, and renewed shortly before it expires; or that of the role where one was given,
    /// with the end of time as its expiry.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::credential`](crate::Endpoint::credential).
    pub async fn password(&self) -> Result<Arc<DatabaseCredential>> {
        self.cache.get().await
    }

    /// The connection URL without the password.
    pub fn url(&self) -> String {
        self.url_of(None)
    }

    /// The connection URL with a password that is good for up to an hour.
    ///
    /// # Errors
    ///
    /// Those of [`password`](Self::password).
    pub async fn url_with_password(&self) -> Result<SecretString> {
        let credential = self.password().await?;
        Ok(self.url_of(Some(credential.token.expose_secret())).into())
    }

    fn url_of(&self, password: Option<&str>) -> String {
        let Self { host, port, tls, .. } = self;
        let (user, database) = (encoded(&self.user), encoded(&self.database));
        let password = password.map(|password| format!(":{}", encoded(password))).unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let tls = tls.as_str();
        let mut url = format!("postgresql://{user}{password}@{host}:{port}/{database}?sslmode={tls}");
        if let Some(ca) = &self.ca_cert {
            url.push_str("&sslrootcert=");
            url.push_str(&encoded(&ca.to_string_lossy()));
        }
        url
    }

    /// The options of sqlx, with the password.
    #[cfg(feature = "sqlx")]
    pub(super) fn options(&self, credential: &DatabaseCredential) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .database(&self.database)
            .password(credential.token.expose_secret())
            .ssl_mode(self.tls.to_sqlx());
        let options = if self.pooled {
            // The pooler refuses parameters that it does not know, and another server does not have the statements.
            options.statement_cache_capacity(0).extra_float_digits(None)
        } else {
            options
        };
        // Either replaces the file that PGSSLROOTCERT names, which HTTP would not trust. The driver adds the store of
        // the operating system.
        match &self.ca_cert {
            Some(file) => options.ssl_root_cert(file),
            None => options.ssl_root_cert_from_pem(self.roots.0.to_vec()),
        }
    }
}

/// The chosen host, and the remedy where the endpoint has none of that kind.
fn host_of(endpoint: &EndpointInfo, choice: HostChoice) -> Result<String> {
    let hosts = &endpoint.hosts;
    let name = &endpoint.name;
    let (host, missing) = match choice {
        HostChoice { pooled: false, read_only: false } => {
            let message = format!("{name} has no host yet; try again a little later");
            return hosts.host.clone().ok_or_else(|| Error::new(ErrorKind::Unavailable, message));
        }
        HostChoice { pooled: true, read_only: false } => {
            (&hosts.read_write_pooled_host, "of a connection pooler; connect without .pooled()")
        }
        HostChoice { pooled: false, read_only: true } => (
            &hosts.read_only_host,
            "that only answers reads; create a read-only endpoint on the branch, or connect without .read_only()",
        ),
        HostChoice { pooled: true, read_only: true } => (
            &hosts.read_only_pooled_host,
            "of a connection pooler that only answers reads; connect without .pooled() or without .read_only()",
        ),
    };
    let error = || Error::new(ErrorKind::FailedPrecondition, format!("{name} has no host {missing}"));
    host.clone().ok_or_else(error)
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}
