//! Unified authentication: where the workspace is, who is asking, and tokens that renew themselves.
//!
//! [`Lakebase::from_env`](crate::Lakebase::from_env) finds its settings as every Databricks tool does. Each of these
//! fills only what the ones before left unset:
//!
//! 1. what the [builder](crate::builder::ClientBuilder) was given in code;
//! 2. environment variables (`DATABRICKS_HOST`, `DATABRICKS_TOKEN`, …; an empty one counts as unset);
//! 3. a profile of `~/.databrickscfg`: the one asked for, else `default_profile` of `[__settings__]`, else
//!    `[DEFAULT]`. Without a profile asked for the file is left alone as soon as a host or any credential is known.
//!
//! Then the first strategy that has what it needs is taken:
//!
//! | strategy | needs |
//! |---|---|
//! | `pat` | `token` |
//! | `oauth-m2m` | `client_id`, `client_secret` |
//! | `databricks-cli` | the Databricks CLI, logged in |
//! | `github-oidc` | a GitHub Actions job with `id-token: write`; `client_id` |
//! | `env-oidc` | an ID token in `DATABRICKS_OIDC_TOKEN` |
//! | `file-oidc` | a file with an ID token, `databricks_id_token_filepath` |
//! | `azure-client-secret` | `azure_tenant_id`, `azure_client_id`, `azure_client_secret` |
//! | `azure-cli` | an Azure workspace and the Azure CLI, logged in |
//!
//! Two different kinds of credentials at once are an error unless `auth_type` says which one is meant. A strategy
//! that was given everything it needs and then fails ends the search: another identity is never taken instead of
//! the one that was asked for. The two command-line tools are different: that they are installed does not say that
//! they are meant, so a failure there is noted and the search goes on.
//!
//! A [`TokenProvider`] of your own takes the place of all of this.

pub(crate) mod attributes;
mod azure;
mod azure_cli;
mod azure_client_secret;
pub(crate) mod cache;
pub(crate) mod chain;
mod command;
pub(crate) mod config;
pub(crate) mod context;
mod databricks_cli;
mod env;
mod env_oidc;
mod federation;
mod file_oidc;
mod github_oidc;
pub(crate) mod host;
mod metadata;
mod oauth;
mod oauth_m2m;
mod pat;
mod profile;
mod token;

pub(crate) use self::token::Provider;
pub use self::{
    env::Env,
    token::{Token, TokenProvider},
};

#[cfg(fuzzing)]
pub(crate) fn fuzz_config_file(path: &std::path::Path, text: &str) {
    if let Ok(file) = profile::ProfileFile::parse(path, text) {
        for asked in [None, Some("DEFAULT"), Some("work"), Some("")] {
            let _ = file.select(asked);
        }
    }
}

#[cfg(test)]
mod tests;
