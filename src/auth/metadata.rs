//! Host metadata: fetched from the host, concluded from its name where it has none.

use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::{
    attributes::Key,
    config::Config,
    host::{Cloud, HostType},
};
use crate::http::{
    plain,
    retry::Limits,
    transport::{Answer, Transport},
};

/// The answer of `/.well-known/databricks-config`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MetadataResponse {
    oidc_endpoint: Option<String>,
    account_id: Option<String>,
    workspace_id: Option<String>,
    cloud: Option<String>,
    host_type: Option<String>,
    token_federation_default_oidc_audiences: Vec<String>,
}

/// The metadata of a host: from the configuration, then from the host, then from its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostMetadata {
    pub(crate) host_type: HostType,
    pub(crate) cloud: Cloud,
    pub(crate) account_id: Option<String>,
    pub(crate) workspace_id: Option<String>,
    /// The audience of an ID token request.
    pub(super) audience: Option<String>,
    pub(super) discovery_url: Option<String>,
}

/// Asks the host, in one short attempt: the answer is optional.
pub(super) async fn ask(transport: &Transport, host: &Url) -> MetadataResponse {
    let answer = match host.join("/.well-known/databricks-config") {
        Ok(url) => {
            let request = transport.request(Method::GET, url).header("accept", "application/json");
            plain::send(transport, request, Limits::BEST_EFFORT).await
        }
        Err(_) => return MetadataResponse::default(),
    };
    match answer.map(|answer| read(&answer)) {
        Ok(Some(metadata)) => metadata,
        Ok(None) => {
            tracing::debug!(%host, "the host says nothing about itself");
            MetadataResponse::default()
        }
        Err(error) => {
            tracing::debug!(%host, %error, "the host says nothing about itself");
            MetadataResponse::default()
        }
    }
}

fn read(answer: &Answer) -> Option<MetadataResponse> {
    answer.is_success().then(|| serde_json::from_slice(&answer.body).ok()).flatten()
}

impl HostMetadata {
    /// Takes each value from the first source that has it.
    pub(super) fn new(config: &Config, host: &Url, metadata: MetadataResponse) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let configured = |key: Key| config.get(key).map(str::to_owned);
        let account_id = configured(Key::AccountId).or(some(metadata.account_id));
        let said_workspace = some(metadata.workspace_id);
        // Hosts that serve no single workspace expect tokens for the account.
        let default_audience = if said_workspace.is_none() { account_id.clone() } else { None };
        let endpoint = some(metadata.oidc_endpoint).and_then(|endpoint| match &account_id {
            Some(id) => Some(endpoint.replace("{account_id}", id)),
            None if endpoint.contains("{account_id}") => {
                tracing::warn!(%host, "the host's OAuth endpoint needs an account_id, and none is configured");
                None
            }
            None => Some(endpoint),
        });
        let discovery = endpoint
            .map(|url| format!("{}/.well-known/oauth-authorization-server", url.trim_end_matches('/')));
        let answered = metadata.host_type.is_some() || said_workspace.is_some() || account_id.is_some();
        Self {
            host_type: metadata.host_type.as_deref().and_then(HostType::named).unwrap_or(HostType::of(host)),
            cloud: config
                .get(Key::Cloud)
                .and_then(Cloud::named)
                .or(metadata.cloud.as_deref().and_then(Cloud::named))
                .unwrap_or_else(|| Cloud::of(host)),
            workspace_id: configured(Key::WorkspaceId).or(said_workspace),
            audience: configured(Key::Audience)
                .or(metadata.token_federation_default_oidc_audiences.into_iter().next())
                .or(default_audience.filter(|_| answered)),
            discovery_url: configured(Key::DiscoveryUrl).or(discovery),
            account_id,
        }
    }
}
