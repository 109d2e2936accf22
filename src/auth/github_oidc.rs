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

struct GitHubOidc {
    context: Context,
    request_url: String,
    request_token: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [_, url, token] = context
        .need([Key::Host, Key::ActionsUrl, Key::ActionsToken])
        .map_err(|lack| format!("{lack}; in a GitHub Actions job set `permissions: id-token: write`"))?;
    Ok(Arc::new(GitHubOidc {
        context: context.clone(),
        request_url: url.to_owned(),
        request_token: token.into(),
    }))
}

impl GitHubOidc {
    async fn id_token(&self) -> Result<SecretString> {
        #[derive(Deserialize)]
        struct Reply {
            value: SecretString,
        }
        let audience = federation::audience(&self.context).await?;
        let mut url = oauth::address(&self.request_url)?;
        url.query_pairs_mut().append_pair("audience", &audience);
        let request = self
            .context
            .transport()
            .request(Method::GET, url.clone())
            .header(header::ACCEPT, "application/json")
            .bearer_auth(self.request_token.expose_secret());
        let answer = plain::send(self.context.transport(), request, Limits::TOKEN).await?;
        url.set_query(None);
        let reply: Reply = decode::json(&answer, &url)?;
        Ok(reply.value)
    }
}

impl TokenProvider for GitHubOidc {
    async fn token(&self) -> Result<Token> {
        let id_token = self.id_token().await?;
        federation::exchange(&self.context, id_token).await
    }

    fn auth_type(&self) -> &str {
        "github-oidc"
    }
}
