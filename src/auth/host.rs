//! Workspace addresses: parsing, and the cloud and API that the host name implies.

use url::Url;

use crate::{
    error::{Error, ErrorKind, Result},
    http::transport::is_loopback,
};

/// A parsed host address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    /// Scheme, name and port; nothing else.
    pub(crate) url: Url,
    /// From the query of an address copied out of a browser.
    pub(crate) workspace_id: Option<String>,
    pub(crate) account_id: Option<String>,
}

impl Host {
    /// Reads an address: `https://` is added where there is no scheme; path, query and fragment are dropped after
    /// the ids in the query have been read.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |rule: &str| {
            // The part before an '@' is a password.
            let shown = text.rsplit('@').next().unwrap_or_default();
            let shown = shown.split(['?', '#']).next().unwrap_or_default();
            let message = format!(
                "no host configured: '{shown}' {rule}; a host looks like https://dbc-a1b2c3d4-e5f6.cloud.databricks.com"
            );
            Error::new(ErrorKind::Config, message)
        };
        let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let full = Url::parse(&address).map_err(|e| wrong("is not an address").with_source(e))?;
        if !full.username().is_empty() || full.password().is_some() {
            return Err(wrong("was given with a user name, which has no place in it"));
        }
        match full.scheme() {
            "https" => {}
            "http" if is_loopback(&full) => {}
            "http" => {
                return Err(wrong(
                    "would send tokens unencrypted; http:// is only for this machine, use https://",
                ));
            }
            _ => return Err(wrong("is neither https:// nor http://")),
        }
        let query = |key: &str| {
            let found = full.query_pairs().find(|(k, v)| k == key && !v.is_empty());
            found.map(|(_, value)| value.into_owned())
        };
        let number = |key: &str| query(key).filter(|value| value.parse::<i64>().is_ok());
        let workspace_id = query("w").or_else(|| number("o")).or_else(|| number("workspace_id"));
        let account_id = query("a").or_else(|| query("account_id"));
        let mut url = full.clone();
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self { url, workspace_id, account_id })
    }
}

/// The kind of API that a host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostType {
    Workspace,
    Account,
    Unified,
}

impl HostType {
    pub(super) fn named(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "workspace" => Some(Self::Workspace),
            "account" => Some(Self::Account),
            "unified" => Some(Self::Unified),
            _ => None,
        }
    }

    pub(super) fn of(host: &Url) -> Self {
        let name = host.host_str().unwrap_or_default();
        let account = name.starts_with("accounts.") || name.starts_with("accounts-dod.");
        if account { Self::Account } else { Self::Workspace }
    }
}

/// The cloud provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cloud {
    Aws,
    Azure,
    Gcp,
    /// A name that this crate does not know.
    Other(String),
}

impl Cloud {
    pub(super) fn named(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "" | "unknown" => None,
            "aws" => Some(Self::Aws),
            "azure" => Some(Self::Azure),
            "gcp" => Some(Self::Gcp),
            _ => Some(Self::Other(text.to_owned())),
        }
    }

    pub(super) fn of(host: &Url) -> Self {
        let name = host.host_str().unwrap_or_default();
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
        if ends(&[".azuredatabricks.net", ".databricks.azure.us", ".databricks.azure.cn"]) {
            Self::Azure
        } else if ends(&[".gcp.databricks.com"]) {
            Self::Gcp
        } else {
            Self::Aws
        }
    }
}
