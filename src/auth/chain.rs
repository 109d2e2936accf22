//! Selection of the login: the first strategy whose requirements are met.

use std::sync::Arc;

use super::{
    attributes::Key,
    azure_cli, azure_client_secret,
    cache::TokenCache,
    context::Context,
    databricks_cli, env_oidc, file_oidc, github_oidc, oauth_m2m, pat,
    token::{Configured, Provider},
};
use crate::error::{Error, ErrorKind, Result};

struct Strategy {
    name: &'static str,
    configure: fn(&Context) -> Configured,
    /// Whether its requirements can be met by accident; if so, its failure does not end the search.
    is_ambient: fn(&Context) -> bool,
}

const STRATEGIES: &[Strategy] = &[
    Strategy { name: "pat", configure: pat::configure, is_ambient: |_| false },
    Strategy { name: "oauth-m2m", configure: oauth_m2m::configure, is_ambient: |_| false },
    Strategy { name: "databricks-cli", configure: databricks_cli::configure, is_ambient: |_| true },
    Strategy {
        name: "github-oidc",
        configure: github_oidc::configure,
        is_ambient: |context| context.get(Key::ClientId).is_none(),
    },
    Strategy { name: "env-oidc", configure: env_oidc::configure, is_ambient: |_| false },
    Strategy { name: "file-oidc", configure: file_oidc::configure, is_ambient: |_| false },
    Strategy {
        name: "azure-client-secret",
        configure: azure_client_secret::configure,
        is_ambient: |_| false,
    },
    Strategy { name: "azure-cli", configure: azure_cli::configure, is_ambient: |_| true },
];

/// Logins of other Databricks tools that this crate does not have.
const ELSEWHERE: &[&str] = &[
    "basic",
    "metadata-service",
    "azure-devops-oidc",
    "github-oidc-azure",
    "azure-msi",
    "google-credentials",
    "google-id",
    "external-browser",
    "runtime",
    "runtime-oauth",
    "model-serving",
];

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
    let provider = (strategy.configure)(context).map_err(|lack| {
        let message = format!("{name} auth: not configured: {lack}");
        context.config().explain("", Error::new(ErrorKind::Config, message))
    })?;
    proven(context, provider).await.map_err(|error| error.prepend_message(&format!("{name}: ")))
}

async fn first_that_fits(context: &Context) -> Result<TokenCache> {
    let mut tried = Vec::new();
    for strategy in STRATEGIES {
        let name = strategy.name;
        let provider = match (strategy.configure)(context) {
            Ok(provider) => provider,
            Err(lack) => {
                tried.push(format!("{name}: {lack}"));
                continue;
            }
        };
        match proven(context, provider).await {
            Ok(cache) => return Ok(cache),
            Err(error) if (strategy.is_ambient)(context) => {
                tracing::debug!(strategy = name, %error, "a login that was found does not work");
                tried.push(format!("{name}: {error}"));
            }
            Err(error) => return Err(error.prepend_message(&format!("{name}: "))),
        }
    }
    tried.extend(not_offered(context));
    let message = format!(
        "cannot configure default credentials, please check {DOCS} to configure credentials for your preferred \
         authentication method; tried {}",
        tried.join("; ")
    );
    Err(context.config().explain("default auth: ", Error::new(ErrorKind::Config, message)))
}

/// Settings that were found and belong to logins that only other tools have.
fn not_offered(context: &Context) -> Vec<String> {
    let settings = [
        (Key::Username, "basic"),
        (Key::Password, "basic"),
        (Key::MetadataServiceUrl, "metadata-service"),
        (Key::AzureUseMsi, "azure-msi"),
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
