//! `azure-client-secret`: a service principal of Entra with a secret.

use std::sync::Arc;

use secrecy::SecretString;

use super::{
    attributes::Key,
    azure::{self, AzureEnvironment},
    context::Context,
    oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::error::Result;

struct AzureClientSecret {
    context: Context,
    client_id: String,
    client_secret: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [id, secret] = context.need([Key::AzureClientId, Key::AzureClientSecret])?;
    azure::need_host(context)?;
    if context.get(Key::AzureTenantId).is_none() && (context.host().is_err() || !context.is_azure()) {
        return Err("no azure_tenant_id, and no host of Azure that tells it".to_owned());
    }
    Ok(Arc::new(AzureClientSecret {
        context: context.clone(),
        client_id: id.to_owned(),
        client_secret: secret.into(),
    }))
}

impl TokenProvider for AzureClientSecret {
    async fn token(&self) -> Result<Token> {
        let environment = AzureEnvironment::of(&self.context)?;
        let login = &environment.login;
        let tenant = azure::tenant_of(&self.context).await?;
        let endpoint = oauth::address(&format!("{login}{tenant}/oauth2/token"))?;
        let fetch = async |resource: &str| {
            azure::entra_token(&self.context, &endpoint, &self.client_id, &self.client_secret, resource).await
        };
        azure::ensure_host(&self.context, &environment, fetch).await?;
        let token = fetch(azure::login_app(self.context.host()?)).await?;
        let management = fetch(&environment.service_management).await?;
        Ok(azure::with_azure_headers(&self.context, token, Some(&management)))
    }

    fn auth_type(&self) -> &str {
        "azure-client-secret"
    }
}
