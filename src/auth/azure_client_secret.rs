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
use crate::error::{Error, ErrorKind, Result};

struct AzureClientSecret {
    context: Context,
    client_id: String,
    client_secret: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [id, secret] = context.need([Key::AzureClientId, Key::AzureClientSecret])?;
    context.need([Key::Host])?;
    if context.get(Key::AzureTenantId).is_none() && !context.is_azure() {
        return Err("no azure_tenant_id, and the host is none of Azure".to_owned());
    }
    Ok(Arc::new(AzureClientSecret {
        context: context.clone(),
        client_id: id.to_owned(),
        client_secret: secret.into(),
    }))
}

impl AzureClientSecret {
    async fn tenant(&self) -> Result<String> {
        if let Some(tenant) = self.context.get(Key::AzureTenantId) {
            return Ok(tenant.to_owned());
        }
        let host = self.context.host()?;
        azure::tenant(self.context.transport(), host).await.ok_or_else(|| {
            let message = format!("{host} does not say to which tenant it belongs; set azure_tenant_id");
            Error::new(ErrorKind::Config, message)
        })
    }
}

impl TokenProvider for AzureClientSecret {
    async fn token(&self) -> Result<Token> {
        let environment = AzureEnvironment::of(&self.context)?;
        let login = &environment.login;
        let endpoint = oauth::address(&format!("{login}{}/oauth2/token", self.tenant().await?))?;
        let app = azure::login_app(self.context.host()?);
        let fetch = |resource: &str| {
            let resource = resource.to_owned();
            let endpoint = endpoint.clone();
            async move {
                azure::entra_token(&self.context, &endpoint, &self.client_id, &self.client_secret, &resource)
                    .await
            }
        };
        let token = fetch(app).await?;
        let management = fetch(&environment.service_management).await?;
        Ok(azure::with_azure_headers(&self.context, token, Some(&management)))
    }

    fn auth_type(&self) -> &str {
        "azure-client-secret"
    }
}
