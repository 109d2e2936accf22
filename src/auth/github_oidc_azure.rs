//! `github-oidc-azure`: a service principal of Entra that trusts the ID token of a GitHub Actions job.

use std::sync::Arc;

use secrecy::ExposeSecret;

use super::{
    attributes::Key,
    azure::{self, AzureEnvironment},
    context::Context,
    github_oidc::GitHubToken,
    oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::error::Result;

/// The audience that Entra expects.
const AUDIENCE: &str = "api://AzureADTokenExchange";

struct GitHubOidcAzure {
    context: Context,
    github: GitHubToken,
    client_id: String,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [_, id] = context.need([Key::Host, Key::AzureClientId])?;
    if context.get(Key::AzureTenantId).is_none() && !context.is_azure() {
        return Err("no azure_tenant_id, and the host is none of Azure".to_owned());
    }
    let github = GitHubToken::configured(context)?;
    Ok(Arc::new(GitHubOidcAzure { context: context.clone(), github, client_id: id.to_owned() }))
}

impl TokenProvider for GitHubOidcAzure {
    async fn token(&self) -> Result<Token> {
        let environment = AzureEnvironment::of(&self.context)?;
        let tenant = azure::tenant_of(&self.context).await?;
        let endpoint = oauth::address(&format!("{}{tenant}/oauth2/token", environment.login))?;
        let assertion = self.github.fetch(&self.context, AUDIENCE).await?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.expose_secret()),
            ("resource", azure::login_app(self.context.host()?)),
        ];
        let token = oauth::request_token(&self.context, &endpoint, &form, None).await?;
        Ok(azure::with_azure_headers(&self.context, token, None))
    }

    fn auth_type(&self) -> &str {
        "github-oidc-azure"
    }
}
