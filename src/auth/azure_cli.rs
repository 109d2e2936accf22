//! `azure-cli`: the login of a person or of a machine, kept by the Azure CLI.

use std::{path::PathBuf, sync::Arc};

use chrono::{DateTime, Local, NaiveDateTime, TimeZone, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    attributes::Key,
    azure::{self, AzureEnvironment},
    command,
    context::Context,
    token::{Configured, Token, TokenProvider},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::decode::JsonError,
};

struct AzureCli {
    context: Context,
    program: PathBuf,
}

pub(super) fn configure(context: &Context) -> Configured {
    if !context.is_azure() {
        return Err("the host is none of Azure, and no azure_workspace_resource_id is set".to_owned());
    }
    azure::need_host(context)?;
    let program = command::candidates("az", context.env()).into_iter().find(|path| path.is_file());
    let program = program.ok_or("no 'az' program found; install the Azure CLI and run `az login`")?;
    Ok(Arc::new(AzureCli { context: context.clone(), program }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenReply {
    access_token: SecretString,
    #[serde(default)]
    token_type: String,
    expires_on: String,
}

#[derive(Deserialize)]
struct Account {
    user: User,
}

#[derive(Deserialize)]
struct User {
    #[serde(rename = "type")]
    kind: String,
    name: String,
}

impl Account {
    /// A managed identity belongs to one tenant, and `az` rejects `--tenant` for it.
    fn is_managed_identity(&self) -> bool {
        let managed = ["systemAssignedIdentity", "userAssignedIdentity"];
        self.user.kind == "servicePrincipal" && managed.contains(&self.user.name.as_str())
    }
}

impl AzureCli {
    async fn az<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T> {
        let output = command::run(&self.program, arguments, self.context.env()).await?;
        if !output.status.success() {
            let message = format!("cannot get access token: {}", command::complaint(&output));
            return Err(Error::unauthenticated(message));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| {
            let message = "the Azure CLI printed something else than the JSON expected";
            Error::new(ErrorKind::Protocol, message).with_source(JsonError::from(error))
        })
    }

    async fn token_for(
        &self,
        resource: &str,
        tenant: Option<&str>,
        subscription: Option<&str>,
    ) -> Result<Token> {
        let mut arguments = vec!["account", "get-access-token", "--resource", resource, "--output", "json"];
        arguments.extend(tenant.into_iter().flat_map(|tenant| ["--tenant", tenant]));
        arguments.extend(subscription.into_iter().flat_map(|id| ["--subscription", id]));
        let reply: TokenReply = self.az(&arguments).await?;
        let expiry = read_expiry(&reply.expires_on).ok_or_else(|| {
            let message = format!("the Azure CLI gave '{}' as expiry, which is no time", reply.expires_on);
            Error::new(ErrorKind::Protocol, message)
        })?;
        Ok(Token::new(reply.access_token.expose_secret()).with_scheme(&reply.token_type).expires_at(expiry))
    }

    /// Passes subscription and tenant where they are known, and retries without those that `az` rejects.
    async fn ask(&self, resource: &str) -> Result<Token> {
        let account: Account = self.az(&["account", "show", "--output", "json"]).await?;
        let tenant = self.context.get(Key::AzureTenantId).filter(|_| !account.is_managed_identity());
        if let Some(tenant) = tenant {
            let with_tenant = self.token_for(resource, Some(tenant), None).await;
            return match with_tenant {
                Err(_) if account.user.kind == "servicePrincipal" => {
                    self.token_for(resource, None, None).await
                }
                result => result,
            };
        }
        let id = self.context.get(Key::AzureResourceId);
        let subscription = id.and_then(|id| id.split('/').nth(2)).filter(|part| !part.is_empty());
        match (subscription, self.token_for(resource, None, subscription).await) {
            (Some(_), Err(_)) => self.token_for(resource, None, None).await,
            (_, result) => result,
        }
    }
}

impl TokenProvider for AzureCli {
    async fn token(&self) -> Result<Token> {
        let environment = AzureEnvironment::of(&self.context)?;
        azure::ensure_host(&self.context, &environment, async |resource| self.ask(resource).await).await?;
        let token = self.ask(azure::login_app(self.context.host()?)).await?;
        // People have no management token in some set-ups, and do not need it once they are users.
        let management = self.ask(&environment.service_management).await;
        if let Err(error) = &management {
            tracing::debug!(%error, "no management token");
        }
        Ok(azure::with_azure_headers(&self.context, token, management.ok().as_ref()))
    }

    fn auth_type(&self) -> &str {
        "azure-cli"
    }
}

/// The tool prints local time without an offset.
fn read_expiry(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Local.from_local_datetime(&naive).earliest().map(|time| time.to_utc())
}
