//! The client: where the workspace is and who is asking.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// A client of one workspace. Cloning is cheap: clones share connections, credentials and caches.
#[derive(Clone)]
pub struct Lakebase {
    inner: Arc<Inner>,
}

struct Inner {
    host: Url,
    http: reqwest::Client,
    token: SecretString,
}

impl Lakebase {
    pub(crate) fn with_token(host: Url, token: SecretString) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .build()
            .map_err(|e| Error::new(ErrorKind::Config, "no HTTP client").with_source(e))?;
        Ok(Self { inner: Arc::new(Inner { host, http, token }) })
    }

    /// The address of the workspace.
    pub fn host(&self) -> &Url {
        &self.inner.host
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    pub(crate) fn token(&self) -> &str {
        self.inner.token.expose_secret()
    }
}

impl fmt::Debug for Lakebase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lakebase").field("host", &self.inner.host.as_str()).finish_non_exhaustive()
    }
}
