//! `azure-msi`: the managed identity of an Azure machine.

use std::sync::Arc;

use url::Url;

use super::{
    attributes::Key,
    azure::{self, AzureEnvironment},
    context::Context,
    metadata_endpoint::Endpoint,
    token::{Configured, Token, TokenProvider},
};
use crate::error::{Error, ErrorKind, Result};

/// The Instance Metadata Service, which every Azure machine has at this address.
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token";

struct ManagedIdentity {
    context: Context,
}

pub(super) fn configure(context: &Context) -> Configured {
    context.need([Key::AzureUseMsi])?;
    if !context.is_azure() {
        return Err("the host is none of Azure, and no azure_workspace_resource_id is set".to_owned());
    }
    azure::need_host(context)?;
    Ok(Arc::new(ManagedIdentity { context: context.clone() }))
}

impl ManagedIdentity {
    async fn fetch(&self, resource: &str) -> Result<Token> {
        let mut query = vec![("api-version", "2018-02-01")];
        query.extend(self.context.get(Key::AzureClientId).map(|id| ("client_id", id)));
        query.push(("resource", resource));
        let url = Url::parse_with_params(IMDS, query)
            .map_err(|error| Error::new(ErrorKind::Config, "azure_client_id is no id").with_source(error))?;
        let endpoint = Endpoint {
            name: "the Azure metadata endpoint",
            url,
            headers: &[("metadata", "true")],
            remedy: "it exists on machines in Azure only; elsewhere unset azure_use_msi (ARM_USE_MSI)",
        };
        endpoint.token(&self.context).await
    }
}

impl TokenProvider for ManagedIdentity {
    async fn token(&self) -> Result<Token> {
        let environment = AzureEnvironment::of(&self.context)?;
        azure::ensure_host(&self.context, &environment, async |resource| self.fetch(resource).await).await?;
        let token = self.fetch(azure::login_app(self.context.host()?)).await?;
        let management = self.fetch(&environment.service_management).await?;
        Ok(azure::with_azure_headers(&self.context, token, Some(&management)))
    }

    fn auth_type(&self) -> &str {
        "azure-msi"
    }
}
