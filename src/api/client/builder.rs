//! Settings of a client given in code.

use std::{fmt, sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{Lakebase, Parts};
use crate::{
    api::wait::Deadlines,
    auth::{
        Env, Provider, TokenProvider, attributes::Key, cache::TokenCache, chain, config::Config,
        context::Context, host::Host,
    },
    error::{Error, ErrorKind, Result},
    http::{
        retry::{Limits, RetryPolicy},
        tls,
        transport::{Timeouts, Transport},
        user_agent::UserAgent,
    },
};

/// Builder of a [`Lakebase`] client. Settings in code win over the environment, which wins over the profile.
///
/// With a [`host`](Self::host) and a [`token`](Self::token) or [`token_provider`](Self::token_provider) everything is
/// known, and neither environment nor files are looked at.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> lakebase::Result<()> {
/// use lakebase::Lakebase;
///
/// let lakebase = Lakebase::builder()
///     .host("dbc-a1b2c3d4-e5f6.cloud.databricks.com")
///     .token("dapi0123456789")
///     .product("shop", "1.4.0")
///     .build()
///     .await?;
/// assert_eq!(lakebase.host().as_str(), "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com/");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing is made until `build` is called"]
pub struct ClientBuilder {
    config: Config,
    env: Env,
    provider: Option<Arc<dyn Provider>>,
    product: Option<(String, String)>,
    retry: RetryPolicy,
    deadlines: Deadlines,
    connect_timeout: Option<Duration>,
    inactivity_timeout: Option<Duration>,
    roots: Vec<Vec<u8>>,
    unknown: Option<String>,
    #[cfg(test)]
    exchange: Option<Arc<dyn crate::http::transport::Exchange>>,
}

impl ClientBuilder {
    /// Scripted answers instead of the network.
    #[cfg(test)]
    pub(crate) fn exchange(mut self, exchange: Arc<dyn crate::http::transport::Exchange>) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// The address of the workspace. `https://` is added where there is no scheme; `http://` is accepted for this
    /// machine only.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.config.set(Key::Host, host);
        self
    }

    /// A personal access token, or any other token that is sent as it is.
    pub fn token(mut self, token: impl Into<SecretString>) -> Self {
        use secrecy::ExposeSecret;
        self.config.set(Key::Token, token.into().expose_secret());
        self
    }

    /// The client id and the secret of a service principal (`oauth-m2m`).
    pub fn client_secret(mut self, client_id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        use secrecy::ExposeSecret;
        self.config.set(Key::ClientId, client_id);
        self.config.set(Key::ClientSecret, secret.into().expose_secret());
        self
    }

    /// A custom login, instead of the built-in ones.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// The profile of the config file to use.
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.config.set(Key::Profile, name);
        self
    }

    /// The config file, `~/.databrickscfg` by default. One that is given and missing is an error.
    pub fn config_file(mut self, path: impl Into<String>) -> Self {
        self.config.set(Key::ConfigFile, path);
        self
    }

    /// The one login to use, such as `oauth-m2m`, instead of the first that fits.
    pub fn auth_type(mut self, name: impl Into<String>) -> Self {
        self.config.set(Key::AuthType, name);
        self
    }

    /// The id of the workspace, needed where one address serves several.
    pub fn workspace_id(mut self, id: impl Into<String>) -> Self {
        self.config.set(Key::WorkspaceId, id);
        self
    }

    /// Any other setting, under its name in `.databrickscfg`, such as `azure_tenant_id` or `scopes`. A name that
    /// is not known is an error of [`build`](Self::build).
    pub fn config(mut self, name: &str, value: impl Into<String>) -> Self {
        match Key::named(name) {
            Some(key) => self.config.set(key, value),
            None => self.unknown = Some(name.to_owned()),
        }
        self
    }

    /// The environment to read, that of the process by default.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// The name and version of the program that calls, for the `User-Agent`.
    pub fn product(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.product = Some((name.into(), version.into()));
        self
    }

    /// Number of attempts and total time limit of a call.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The time limit of a wait for an operation that sets none of its own
    /// ([`wait_for`](crate::Operation::wait_for)), 15 minutes by default. The operation goes on after it.
    pub fn operation_deadline(mut self, limit: Duration) -> Self {
        self.deadlines.operation = limit;
        self
    }

    /// The time limit of a wait for a new resource to become usable, for a deleted one to be gone, and for a service
    /// that is still reconciling; 3 minutes each by default.
    pub fn ready_deadline(mut self, limit: Duration) -> Self {
        self.deadlines.ready = limit;
        self
    }

    /// The time limit for connecting, including TLS, 30 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// The inactivity timeout of one request, 60 seconds by default. It restarts with every byte received.
    pub fn inactivity_timeout(mut self, timeout: Duration) -> Self {
        self.inactivity_timeout = Some(timeout);
        self
    }

    /// Certificates to trust besides those of the operating system, as PEM. May be called several times.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Builds the client: gathers the settings, selects the login and fetches a first token. For a personal access
    /// token and a token provider nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if settings are missing, unknown or contradict each other; otherwise the
    /// error of the login.
    pub async fn build(mut self) -> Result<Lakebase> {
        if let Some(name) = &self.unknown {
            let message = format!("there is no setting '{name}'; the names are those of .databrickscfg");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let nothing = Env::empty();
        let env = if self.is_complete() { &nothing } else { &self.env };
        let (config, host) = std::mem::take(&mut self.config).resolve(env)?;
        if config.has(Key::SkipVerify) {
            let message = "skip_verify is set, and certificates are always verified here; add the certificate of \
                           your network as a root certificate instead";
            return Err(Error::new(ErrorKind::Config, message));
        }
        if config.get(Key::WorkspaceId).is_some_and(|id| !id.bytes().all(|b| b.is_ascii_graphic())) {
            let message = "workspace_id has characters that no id has; it is a number, or an id with dashes";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let transport = self.transport(&config, host.as_ref())?;
        let url = host.map(|host| host.url);
        let context = Context::new(config.clone(), self.env.clone(), transport.clone(), url.clone());
        let credentials = match self.provider.take() {
            Some(_) if config.has(Key::GroupId) => {
                let message = "group_id is set, and a token provider logs in as it likes; unset group_id, or have the \
                               provider ask for the group";
                return Err(Error::new(ErrorKind::Config, message));
            }
            Some(provider) => TokenCache::new(provider, !config.has(Key::NoAsyncRefresh)),
            None => chain::choose(&context).await?,
        };
        let known = context.known_host_metadata().and_then(|metadata| metadata.workspace_id.clone());
        let parts = Parts {
            host: context.host()?.clone(),
            transport,
            credentials,
            limits: self.limits(&config),
            deadlines: self.deadlines,
            user_agent: self.user_agent(),
            workspace_id: config.get(Key::WorkspaceId).map(str::to_owned).or(known),
            roots: self.roots.join(&b'\n'),
        };
        Ok(Lakebase::new(parts))
    }

    /// Whether host and login are given, so that neither environment nor files are read.
    fn is_complete(&self) -> bool {
        let identified = self.provider.is_some() || self.config.has(Key::Token);
        self.config.has(Key::Host) && identified && !self.config.has(Key::Profile)
    }

    fn transport(&self, config: &Config, host: Option<&Host>) -> Result<Transport> {
        #[cfg(test)]
        if let Some(exchange) = &self.exchange {
            return Transport::scripted(exchange.clone());
        }
        let mut timeouts = Timeouts::default();
        let seconds = config.seconds(Key::HttpTimeout).map(Duration::from_secs);
        timeouts.inactivity = self.inactivity_timeout.or(seconds).unwrap_or(timeouts.inactivity);
        timeouts.connect = self.connect_timeout.unwrap_or(timeouts.connect);
        let mut roots = Vec::new();
        for pem in &self.roots {
            roots.extend(tls::read_roots(pem)?);
        }
        Transport::new(host.map(|host| &host.url), timeouts, roots, self.user_agent().header(None))
    }

    fn limits(&self, config: &Config) -> Limits {
        self.retry.limits(config.seconds(Key::RetryTimeout).map(Duration::from_secs))
    }

    fn user_agent(&self) -> UserAgent {
        let product = self.product.as_ref().map(|(name, version)| (name.as_str(), version.as_str()));
        UserAgent::new(product, &self.env)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("config", &self.config)
            .field("env", &self.env)
            .finish_non_exhaustive()
    }
}
