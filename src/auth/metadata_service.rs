//! `metadata-service`: a service on this machine, such as that of an editor's extension, that hands out tokens.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    attributes::Key,
    context::Context,
    metadata_endpoint::Endpoint,
    token::{Configured, Token, TokenProvider},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::transport::is_loopback,
};

struct MetadataService {
    context: Context,
    /// Its path is a secret.
    url: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [_, url] = context.need([Key::Host, Key::MetadataServiceUrl])?;
    Ok(Arc::new(MetadataService { context: context.clone(), url: url.into() }))
}

impl MetadataService {
    fn url(&self) -> Result<Url> {
        let wrong = |rule: &str| {
            Error::new(
                ErrorKind::Config,
                format!("metadata_service_url {rule}, such as http://localhost:8090/token"),
            )
        };
        let url =
            Url::parse(self.url.expose_secret()).map_err(|_| wrong("is malformed; it is an address"))?;
        if matches!(url.scheme(), "http" | "https") && is_loopback(&url) {
            return Ok(url);
        }
        Err(wrong("is not on localhost; it is an address of this machine"))
    }
}

impl TokenProvider for MetadataService {
    async fn token(&self) -> Result<Token> {
        let host = self.context.host()?.as_str().trim_end_matches('/');
        let endpoint = Endpoint {
            name: "the metadata service",
            url: self.url()?,
            headers: &[("x-databricks-metadata-version", "1"), ("x-databricks-host", host)],
            remedy: "start the program that set metadata_service_url again, or unset it",
        };
        endpoint.token(&self.context).await
    }

    fn auth_type(&self) -> &str {
        "metadata-service"
    }
}
