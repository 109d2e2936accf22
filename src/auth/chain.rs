//! Selection of the login: the first strategy whose requirements are met.

use std::sync::Arc;

use super::{
    attributes::Key,
    azure_cli, azure_client_secret, azure_devops_oidc, azure_msi, browser,
    cache::TokenCache,
    context::Context,
    databricks_cli::{self, SessionExpired},
    env_oidc, file_oidc, github_oidc, github_oidc_azure, metadata_service, oauth_m2m, pat,
    token::{Configured, Provider},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::transport::is_loopback,
};

struct Strategy {
    name: &'static str,
    configure: fn(&Context) -> Configured,
    /// Whether it can log in as a group (`group_id`).
    takes_group: bool,
    /// Whether its requirements can be met by accident; if so, this failure does not end the search.
    is_ambient: fn(&Context, &Error) -> bool,
}

impl Strategy {
    /// A login of Databricks' own OAuth server, which takes a group.
    const fn oauth(name: &'static str, configure: fn(&Context) -> Configured) -> Self {
        Self { name, configure, takes_group: true, is_ambient: |_, _| false }
    }

    const fn other(name: &'static str, configure: fn(&Context) -> Configured) -> Self {
        Self { name, configure, takes_group: false, is_ambient: |_, _| false }
    }

    const fn ambient(self, is_ambient: fn(&Context, &Error) -> bool) -> Self {
        Self { is_ambient, ..self }
    }

    fn configured(&self, context: &Context) -> Configured {
        match context.get(Key::GroupId) {
            Some(_) if !self.takes_group => {
                Err("group_id is set, and only logins with Databricks OAuth can log in as a group".to_owned())
            }
            _ => (self.configure)(context),
        }
    }
}

/// A CI job has an ID token whether or not it is meant for Databricks; a client id says that it is.
fn without_client(context: &Context, _: &Error) -> bool {
    context.get(Key::ClientId).is_none()
}

/// In the order in which they are tried: what is configured comes before the tools that happen to be installed.
const STRATEGIES: &[Strategy] = &[
    Strategy::other("pat", pat::configure),
    Strategy::other("metadata-service", metadata_service::configure),
    Strategy::oauth("oauth-m2m", oauth_m2m::configure),
    Strategy::oauth("github-oidc", github_oidc::configure).ambient(without_client),
    Strategy::oauth("azure-devops-oidc", azure_devops_oidc::configure).ambient(without_client),
    Strategy::oauth("env-oidc", env_oidc::configure),
    Strategy::oauth("file-oidc", file_oidc::configure),
    Strategy::other("azure-msi", azure_msi::configure),
    Strategy::other("azure-client-secret", azure_client_secret::configure),
    Strategy::other("github-oidc-azure", github_oidc_azure::configure),
    Strategy::other("databricks-cli", databricks_cli::configure)
        .ambient(|_, error| error.downcast_ref::<SessionExpired>().is_none()),
    Strategy::other("azure-cli", azure_cli::configure).ambient(|_, _| true),
    Strategy::oauth("external-browser", browser::configure),
];

/// Logins of other Databricks tools that this crate does not have.
const ELSEWHERE: &[&str] =
    &["basic", "google-credentials", "google-id", "runtime", "runtime-oauth", "model-serving"];

const DOCS: &str =
    "https://docs.databricks.com/en/dev-tools/auth.html#databricks-client-unified-authentication";

/// Finds the login and proves it by fetching a first token.
pub(crate) async fn choose(context: &Context) -> Result<TokenCache> {
    match context.get(Key::AuthType) {
        Some(name) => forced(context, name).await,
        None => first_that_fits(context).await,
    }
}

async fn forced(context: &Context, name: &str) -> Result<TokenCache> {
    let known = || STRATEGIES.iter().map(|strategy| strategy.name).collect::<Vec<_>>().join(", ");
    let Some(strategy) = STRATEGIES.iter().find(|strategy| strategy.name == name) else {
        let what = if ELSEWHERE.contains(&name) { "is not offered by this crate" } else { "is not known" };
        let message = format!("the auth_type '{name}' {what}; it is one of {}, see {DOCS}", known());
        return Err(context.config().explain("default auth: ", Error::new(ErrorKind::Config, message)));
    };
    let provider = strategy.configured(context).map_err(|lack| {
        let message = format!("{name} auth: not configured: {lack}");
        context.config().explain("", Error::new(ErrorKind::Config, message))
    })?;
    proven(context, provider).await.map_err(|error| error.prepend_message(&format!("{name}: ")))
}

async fn first_that_fits(context: &Context) -> Result<TokenCache> {
    let mut tried = Vec::new();
    for strategy in STRATEGIES {
        let name = strategy.name;
        let provider = match strategy.configured(context) {
            Ok(provider) => provider,
            Err(lack) => {
                tried.push(format!("{name}: {lack}"));
                continue;
            }
        };
        match proven(context, provider).await {
            Ok(cache) => return Ok(cache),
            Err(error) if (strategy.is_ambient)(context, &error) => {
                tracing::debug!(strategy = name, %error, "a login that was found does not work");
                tried.push(format!("{name}: {error}"));
            }
            Err(error) => return Err(error.prepend_message(&format!("{name}: "))),
        }
    }
    tried.extend(not_offered(context));
    let local = context.host().is_ok_and(is_loopback);
    let local = if local { " (those of a local Lakebase: eval \"$(lakebase-local env)\")" } else { "" };
    let message = format!(
        "cannot configure default credentials, please check {DOCS} to configure credentials for your preferred \
         authentication method{local}; tried {}",
        tried.join("; ")
    );
    Err(context.config().explain("default auth: ", Error::new(ErrorKind::Config, message)))
}

/// Settings that were found and belong to logins that only other tools have.
fn not_offered(context: &Context) -> Vec<String> {
    let settings = [
        (Key::Username, "basic"),
        (Key::Password, "basic"),
        (Key::GoogleCredentials, "google-credentials"),
        (Key::GoogleServiceAccount, "google-id"),
    ];
    let found = settings.into_iter().filter(|(key, _)| context.config().has(*key));
    found
        .map(|(key, login)| {
            format!("{login}: {} is set, but this crate does not offer that login", key.name())
        })
        .collect()
}

/// Fetches a first token, so that a broken login fails here and not in the first call.
async fn proven(context: &Context, provider: Arc<dyn Provider>) -> Result<TokenCache> {
    let early = !context.config().has(Key::NoAsyncRefresh);
    let cache = TokenCache::new(provider, early);
    cache.auth_headers().await?;
    Ok(cache)
}
