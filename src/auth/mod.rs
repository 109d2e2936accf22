//! Unified authentication: workspace address, identity of the caller, and renewal of tokens.
//!
//! [`Lakebase::from_env`](crate::Lakebase::from_env) finds its settings as every Databricks tool does. Each of these
//! sources fills only the settings that earlier ones left unset:
//!
//! 1. the [builder](crate::builder::ClientBuilder), in code;
//! 2. environment variables (`DATABRICKS_HOST`, `DATABRICKS_TOKEN`, …; an empty one counts as unset);
//! 3. a profile of `~/.databrickscfg`: the requested one, else `default_profile` of `[__settings__]`, else
//!    `[DEFAULT]`. If no profile is requested, the file is not read once a host or any credential is known.
//!
//! Then the first strategy whose requirements are met is used:
//!
//! | strategy | needs |
//! |---|---|
//! | `pat` | `token` |
//! | `metadata-service` | `metadata_service_url`, set by an editor's extension |
//! | `oauth-m2m` | `client_id`, `client_secret` |
//! | `github-oidc` | a GitHub Actions job with `id-token: write`; `client_id` |
//! | `azure-devops-oidc` | a job of Azure Pipelines that passes on `SYSTEM_ACCESSTOKEN`; `client_id` |
//! | `env-oidc` | an ID token in `DATABRICKS_OIDC_TOKEN` |
//! | `file-oidc` | a file with an ID token, `databricks_id_token_filepath` |
//! | `azure-msi` | `azure_use_msi`; an Azure machine with a managed identity |
//! | `azure-client-secret` | `azure_tenant_id`, `azure_client_id`, `azure_client_secret` |
//! | `github-oidc-azure` | a GitHub Actions job with `id-token: write`; `azure_client_id` |
//! | `databricks-cli` | the Databricks CLI, logged in |
//! | `azure-cli` | an Azure workspace and the Azure CLI, logged in |
//! | `external-browser` | a person at this machine; only where `auth_type` names it |
//!
//! Two different kinds of credentials at once are an error unless `auth_type` selects one. A strategy whose
//! requirements are met and that then fails ends the search: another identity never replaces the requested one. The
//! two command-line tools are the exception: they may be installed without being meant as the login, so a failure is
//! logged and the search continues. A session of the Databricks CLI that has expired was meant, and ends it.
//!
//! A custom [`TokenProvider`] replaces all of this.

pub(crate) mod attributes;
mod azure;
mod azure_cli;
mod azure_client_secret;
mod azure_devops_oidc;
mod azure_msi;
mod browser;
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
mod github_oidc_azure;
pub(crate) mod host;
mod metadata;
mod metadata_endpoint;
mod metadata_service;
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
