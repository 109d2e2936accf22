//! Logins to PostgreSQL: connection parameters for any driver; with the feature `sqlx`, connections and pools.
//!
//! A database credential lives for an hour at most and is checked at login only. Pools generate the next one before
//! the old one ends.

#[cfg(feature = "sqlx")]
pub(crate) mod connect;
#[cfg(feature = "tokio-postgres")]
pub(crate) mod drivers;
mod environment;
pub(crate) mod info;
#[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
mod login;
#[cfg(feature = "sqlx")]
pub(crate) mod pool;
#[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
mod roots;

use std::time::Duration;

use secrecy::SecretString;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        endpoint::{Endpoint, EndpointInfo},
        name::EndpointId,
        request::sent_when_awaited,
        resource::forward,
        wire::endpoint::EndpointType,
    },
    error::{ErrorKind, Result},
};
use info::{ConnectionInfo, TlsMode};

/// The time limit of a login, including the wake of a suspended compute.
const LOGIN_LIMIT: Duration = Duration::from_secs(120);
const DEFAULT_DATABASE: &str = "databricks_postgres";

/// The target of a connection: a branch (whose read-write endpoint is found or created) or an endpoint.
#[derive(Debug, Clone)]
enum Target {
    Branch(Branch),
    Endpoint(Endpoint),
}

impl Target {
    async fn endpoint(&self, host: HostChoice) -> Result<EndpointInfo> {
        match self {
            Self::Endpoint(endpoint) => endpoint.wait_until_ready().await,
            Self::Branch(branch) if host.read_only => match branch.read_only_endpoint().await? {
                Some(endpoint) => endpoint.wait_until_ready().await,
                // A highly available endpoint has a host for reads.
                None => branch.ensure_endpoint().await,
            },
            Self::Branch(branch) => branch.ensure_endpoint().await,
        }
    }
}

/// The shared options of pools, connections and descriptions.
#[derive(Debug, Clone)]
struct Options {
    target: Target,
    database: String,
    user: Option<String>,
    tls: TlsMode,
    limit: Duration,
    host: HostChoice,
    password: Option<SecretString>,
}

/// Which of an endpoint's hosts is connected to.
#[derive(Debug, Clone, Copy, Default)]
struct HostChoice {
    pooled: bool,
    read_only: bool,
}

impl Options {
    fn new(target: Target) -> Self {
        let database = DEFAULT_DATABASE.to_owned();
        let host = HostChoice::default();
        Self {
            target,
            database,
            user: None,
            tls: TlsMode::VerifyFull,
            limit: LOGIN_LIMIT,
            host,
            password: None,
        }
    }

    async fn info(&self) -> Result<ConnectionInfo> {
        let endpoint = self.target.endpoint(self.host).await?;
        let client = endpoint.handle().client();
        let user = match &self.user {
            Some(user) => user.clone(),
            None => client.current_user().await?.user_name.clone(),
        };
        let mut info = ConnectionInfo::of(&endpoint, user, self.database.clone(), self.tls, self.host)?;
        if let Some(password) = self.password.clone() {
            info.cache = info.cache.fixed(password);
        }
        info.limit = self.limit;
        // On a new branch the caller's own role, unlike others, may appear with a delay.
        info.endpoint_created = endpoint.create_time.filter(|_| self.user.is_none());
        Ok(info)
    }
}

macro_rules! login_options {
    () => {
        /// The database. Default: `databricks_postgres`.
        pub fn database(mut self, name: impl Into<String>) -> Self {
            self.login.database = name.into();
            self
        }

        /// The PostgreSQL role. Default: the caller's user name (the application id of a service principal), to which
        /// generated credentials belong.
        pub fn user(mut self, name: impl Into<String>) -> Self {
            self.login.user = Some(name.into());
            self
        }

        /// The password of the role, in place of generated credentials: that of a role which logs in with one
        /// ([`reveal_password`](crate::Role::reveal_password)), where the project allows it
        /// ([`native_login`](crate::builder::CreateProject::native_login)). Default: generated credentials.
        pub fn password(mut self, password: impl Into<secrecy::SecretString>) -> Self {
            self.login.password = Some(password.into());
            self
        }

        /// Verification of the server. Default: [`TlsMode::VerifyFull`].
        pub fn tls(mut self, mode: TlsMode) -> Self {
            self.login.tls = mode;
            self
        }

        /// Connects through the connection pooler in front of the endpoint, for many short connections. It lends a
        /// connection of the server for one transaction, so that nothing lasts beyond it: session settings, `LISTEN`,
        /// session-level advisory locks, temporary tables, prepared statements. Default: to the endpoint itself.
        pub fn pooled(mut self) -> Self {
            self.login.host.pooled = true;
            self
        }

        /// Connects to a host that only answers reads: that of a read-only endpoint of the branch, or of the standbys of
        /// a highly available endpoint. Default: reads and writes.
        pub fn read_only(mut self) -> Self {
            self.login.host.read_only = true;
            self
        }

        /// The time limit of a login, including the wake of a suspended compute. Default: 2 minutes.
        pub fn timeout(mut self, limit: Duration) -> Self {
            self.login.limit = limit;
            self
        }
    };
}
#[cfg(feature = "sqlx")]
use login_options;

/// A request for connection parameters: [`Branch::connection_info`], [`Endpoint::connection_info`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// let info = branch.connection_info().database("app").await?;
/// println!("{}", info.url());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, for a branch those of [`Branch::ensure_endpoint`], for an endpoint those of
/// [`Endpoint::wait_until_ready`]: [`NotFound`](crate::ErrorKind::NotFound),
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when the endpoint is disabled,
/// [`Timeout`](crate::ErrorKind::Timeout) when it is not ready within three minutes. Also the errors of
/// [any call](crate::builder::RawRequest#errors), as the caller's user name is read where none is given.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DescribeConnection {
    login: Options,
}

impl DescribeConnection {
    login_options!();

    async fn run(self) -> Result<ConnectionInfo> {
        self.login.info().await
    }
}

sent_when_awaited!(DescribeConnection => ConnectionInfo);

impl Endpoint {
    /// Gives the connection parameters for other drivers; the password comes from [`ConnectionInfo::password`].
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`DescribeConnection`](DescribeConnection#errors).
    pub fn connection_info(&self) -> DescribeConnection {
        DescribeConnection { login: Options::new(Target::Endpoint(self.clone())) }
    }
}

impl Branch {
    /// Gives the connection parameters for other drivers, of the branch's read-write endpoint.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`DescribeConnection`](DescribeConnection#errors).
    pub fn connection_info(&self) -> DescribeConnection {
        DescribeConnection { login: Options::new(Target::Branch(self.clone())) }
    }

    /// The read-write endpoint, ready for connections; where the branch has none, `ep-<branch>` is made.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) when the branch does not exist,
    /// [`Timeout`](ErrorKind::Timeout) when the endpoint does not come up within three minutes,
    /// [`FailedPrecondition`](ErrorKind::FailedPrecondition) when it is disabled.
    pub async fn ensure_endpoint(&self) -> Result<EndpointInfo> {
        match self.appearing_endpoint().await? {
            // The list has said all that reading it alone would say.
            Some(endpoint) if !endpoint.disabled && endpoint.not_ready().is_none() => Ok(endpoint),
            Some(endpoint) => endpoint.wait_until_ready().await,
            None => self.add_endpoint().await,
        }
    }

    async fn read_only_endpoint(&self) -> Result<Option<EndpointInfo>> {
        let endpoints = self.endpoints().await?;
        Ok(endpoints
            .into_iter()
            .find(|endpoint| endpoint.endpoint_type == EndpointType::ReadOnly && !endpoint.disabled))
    }

    async fn add_endpoint(&self) -> Result<EndpointInfo> {
        let id = endpoint_id(self.id().as_str())?;
        match self.create_endpoint(id, EndpointType::ReadWrite).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match self.read_write_endpoint().await?
            {
                Some(endpoint) => endpoint.wait_until_ready().await,
                None => Err(error),
            },
            result => result,
        }
    }
}

impl EndpointInfo {
    forward! {
        Endpoint:
        fn connection_info(&self) -> DescribeConnection;
    }
}

impl BranchInfo {
    forward! {
        Branch:
        async fn ensure_endpoint(&self) -> Result<EndpointInfo>;
        fn connection_info(&self) -> DescribeConnection;
    }
}

/// `ep-<branch>`, truncated to the length of an id.
fn endpoint_id(branch: &str) -> Result<EndpointId> {
    let cut: String = format!("ep-{branch}").chars().take(63).collect();
    Ok(EndpointId::new(cut.trim_end_matches('-'))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_of_a_branch_with_a_long_name_still_has_a_valid_id() {
        assert_eq!(endpoint_id("dev").unwrap().as_str(), "ep-dev");
        assert_eq!(endpoint_id(&"a".repeat(63)).unwrap().as_str().len(), 63);
        let dashed = format!("{}-b", "a".repeat(59));
        assert_eq!(endpoint_id(&dashed).unwrap().as_str(), format!("ep-{}", "a".repeat(59)));
    }
}
