//! The client of a workspace, and the caller that it authenticates as.

mod builder;
mod current_user;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use reqwest::header::HeaderValue;
use tokio::sync::OnceCell;
use url::Url;

pub use self::{builder::ClientBuilder, current_user::CurrentUser};
use crate::{
    api::{credential::Slots, wait::Deadlines},
    auth::cache::TokenCache,
    error::Result,
    http::{retry::Limits, transport::Transport, user_agent::UserAgent},
};

/// A client of one workspace. Cloning is cheap: clones share connections, credentials and caches.
///
/// ```no_run
/// # async fn run() -> lakebase::Result<()> {
/// use lakebase::Lakebase;
///
/// let lakebase = Lakebase::from_env().await?;
/// println!("{} as {}", lakebase.host(), lakebase.current_user().await?.user_name);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Lakebase {
    inner: Arc<Inner>,
}

struct Inner {
    host: Url,
    transport: Transport,
    credentials: TokenCache,
    limits: Limits,
    deadlines: Deadlines,
    user_agent: HeaderValue,
    /// Sent with every call, where the workspace id is known without asking.
    routing: Option<HeaderValue>,
    workspace_id: Option<String>,
    /// The id of the workspace in an answer of the service.
    learned_workspace_id: OnceLock<String>,
    current_user: OnceCell<CurrentUser>,
    credential_slots: Slots,
    /// The certificates that were added, as PEM.
    roots: Vec<u8>,
}

/// The parts of a client.
struct Parts {
    host: Url,
    transport: Transport,
    credentials: TokenCache,
    limits: Limits,
    deadlines: Deadlines,
    user_agent: UserAgent,
    workspace_id: Option<String>,
    roots: Vec<u8>,
}

impl Lakebase {
    /// A client with the settings of the environment and of `~/.databrickscfg`, as all Databricks tools find them;
    /// see [`auth`](crate::auth) for the rules.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the settings contradict each other or no login fits; the message
    /// lists each that was tried and its missing settings. Otherwise the error of the login.
    ///
    /// ```no_run
    /// # async fn run() -> lakebase::Result<()> {
    /// let lakebase = lakebase::Lakebase::from_env().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_env() -> Result<Self> {
        Self::builder().build().await
    }

    /// A client with the settings of one profile of `~/.databrickscfg`. Environment variables win over the
    /// profile, as in all Databricks tools.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env); a profile that does not exist is [`Config`](crate::ErrorKind::Config).
    ///
    /// ```no_run
    /// # async fn run() -> lakebase::Result<()> {
    /// let staging = lakebase::Lakebase::from_profile("staging").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn from_profile(name: impl Into<String>) -> Result<Self> {
        Self::builder().profile(name).build().await
    }

    /// Starts a client whose settings are given in code.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    fn new(parts: Parts) -> Self {
        let Parts { host, transport, credentials, limits, deadlines, user_agent, workspace_id, roots } =
            parts;
        let user_agent = user_agent.header(Some(credentials.auth_type()));
        // "none" is how other tools write that the id is left out on purpose.
        let workspace_id = workspace_id.filter(|id| id != "none");
        let routing = workspace_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok());
        let inner = Inner {
            host,
            transport,
            credentials,
            limits,
            deadlines,
            user_agent,
            routing,
            workspace_id,
            learned_workspace_id: OnceLock::new(),
            current_user: OnceCell::new(),
            credential_slots: Slots::default(),
            roots,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The address of the workspace.
    pub fn host(&self) -> &Url {
        &self.inner.host
    }

    /// The login in use, such as `pat` or `oauth-m2m`.
    pub fn auth_type(&self) -> &str {
        self.inner.credentials.auth_type()
    }

    /// The id of the workspace: the one configured, else the one that the host gave, else the one learned by
    /// [`current_user`](Self::current_user).
    pub fn workspace_id(&self) -> Option<&str> {
        self.inner.workspace_id.as_deref().or(self.inner.learned_workspace_id.get().map(String::as_str))
    }

    pub(crate) fn roots(&self) -> &[u8] {
        &self.inner.roots
    }

    pub(crate) fn credential_slots(&self) -> &Slots {
        &self.inner.credential_slots
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    pub(crate) fn credentials(&self) -> &TokenCache {
        &self.inner.credentials
    }

    pub(crate) fn limits(&self) -> Limits {
        self.inner.limits
    }

    pub(crate) fn deadlines(&self) -> Deadlines {
        self.inner.deadlines
    }

    pub(crate) fn user_agent(&self) -> &HeaderValue {
        &self.inner.user_agent
    }

    pub(crate) fn routing(&self) -> Option<&HeaderValue> {
        self.inner.routing.as_ref()
    }
}

impl fmt::Debug for Lakebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lakebase")
            .field("host", &self.inner.host.as_str())
            .field("auth_type", &self.auth_type())
            .finish_non_exhaustive()
    }
}
