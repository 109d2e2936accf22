//! `github-oidc`: the ID token of a GitHub Actions job.

use std::sync::Arc;

use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    attributes::Key,
    context::Context,
    federation, oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::{
    error::Result,
    http::{decode, plain, retry::Limits},
};

/// The place where a job gets its ID tokens.
pub(super) struct GitHubToken {
    request_url: String,
    request_token: SecretString,
}

struct GitHubOidc {
    context: Context,
    github: GitHubToken,
}

pub(super) fn configure(context: &Context) -> Configured {
    context.need([Key::Host])?;
    let github = GitHubToken::configured(context)?;
    Ok(Arc::new(GitHubOidc { context: context.clone(), github }))
}

impl GitHubToken {
    pub(super) fn configured(context: &Context) -> std::result::Result<Self, String> {
        let [url, token] = context
            .need([Key::ActionsUrl, Key::ActionsToken])
            .map_err(|lack| format!("{lack}; in a GitHub Actions job set `permissions: id-token: write`"))?;
        Ok(Self { request_url: url.to_owned(), request_token: token.into() })
    }

    /// Fetches an ID token for this audience.
    pub(super) async fn fetch(&self, context: &Context, audience: &str) -> Result<SecretString> {
        #[derive(Deserialize)]
        struct Reply {
            value: SecretString,
        }
        let mut url = oauth::address(&self.request_url)?;
        url.query_pairs_mut().append_pair("audience", audience);
        let request = context
            .transport()
            .request(Method::GET, url.clone())
            .header(header::ACCEPT, "application/json")
            .bearer_auth(self.request_token.expose_secret());
        let answer = plain::send(context.transport(), request, Limits::TOKEN).await?;
        url.set_query(None);
        let reply: Reply = decode::json(&answer, &url)?;
        Ok(reply.value)
    }
}

impl TokenProvider for GitHubOidc {
    async fn token(&self) -> Result<Token> {
        let audience = federation::audience(&self.context).await?;
        let id_token = self.github.fetch(&self.context, &audience).await?;
        federation::exchange(&self.context, id_token).await
    }

    fn auth_type(&self) -> &str {
        "github-oidc"
    }
}
