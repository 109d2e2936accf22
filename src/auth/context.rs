//! The inputs of the strategies: the settings, the host, the network.

use std::sync::{Arc, OnceLock};

use tokio::sync::OnceCell;
use url::Url;

use super::{
    Env,
    attributes::Key,
    config::Config,
    host::Cloud,
    metadata::{self, HostMetadata},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::transport::Transport,
};

/// Shared by the strategies of one client. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct Context {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    env: Env,
    transport: Transport,
    /// Set later where a login finds it out.
    host: OnceLock<Url>,
    host_metadata: OnceCell<HostMetadata>,
    /// Cached after the first lookup.
    endpoints: OnceCell<Endpoints>,
}

/// The addresses of the workspace's OAuth server.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub(super) token: Url,
    /// The page on which a person logs in. `None` where the server names none.
    pub(super) authorization: Option<Url>,
}

impl Context {
    pub(crate) fn new(config: Config, env: Env, transport: Transport, host: Option<Url>) -> Self {
        let (host_metadata, endpoints) = (OnceCell::new(), OnceCell::new());
        let host = host.map_or_else(OnceLock::new, OnceLock::from);
        Self { shared: Arc::new(Shared { config, env, transport, host, host_metadata, endpoints }) }
    }

    pub(super) fn config(&self) -> &Config {
        &self.shared.config
    }

    pub(super) fn env(&self) -> &Env {
        &self.shared.env
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    pub(super) fn get(&self, key: Key) -> Option<&str> {
        self.shared.config.get(key)
    }

    pub(crate) fn host(&self) -> Result<&Url> {
        self.shared.host.get().ok_or_else(no_host)
    }

    /// Sets the host where none is configured; the first one stays.
    pub(super) fn found_host(&self, host: Url) {
        self.shared.host.get_or_init(|| host);
    }

    /// The settings a strategy needs, or the names of those it lacks.
    pub(super) fn need<const N: usize>(&self, keys: [Key; N]) -> Result<[&str; N], String> {
        let missing: Vec<_> =
            keys.iter().filter(|key| self.get(**key).is_none()).map(|key| key.name()).collect();
        if missing.is_empty() {
            return Ok(keys.map(|key| self.get(key).unwrap_or_default()));
        }
        Err(format!("no {}", missing.join(", no ")))
    }

    /// Whether the workspace is one of Azure, as far as can be known without asking.
    pub(super) fn is_azure(&self) -> bool {
        let named = self.get(Key::Cloud).and_then(Cloud::named);
        self.shared.config.has(Key::AzureResourceId)
            || named.or(self.shared.host.get().map(Cloud::of)) == Some(Cloud::Azure)
    }

    /// The metadata of the host; the first caller fetches it.
    pub(super) async fn host_metadata(&self) -> Result<&HostMetadata> {
        let host = self.host()?;
        let known = self.shared.host_metadata.get_or_init(|| async {
            let metadata = metadata::ask(&self.shared.transport, host).await;
            HostMetadata::new(&self.shared.config, host, metadata)
        });
        Ok(known.await)
    }

    /// The metadata of the host, if it was fetched already.
    pub(crate) fn known_host_metadata(&self) -> Option<&HostMetadata> {
        self.shared.host_metadata.get()
    }

    pub(super) fn endpoints_cell(&self) -> &OnceCell<Endpoints> {
        &self.shared.endpoints
    }
}

pub(super) fn no_host() -> Error {
    let message = "no host configured; set DATABRICKS_HOST to the address of the workspace";
    Error::new(ErrorKind::Config, message)
}
