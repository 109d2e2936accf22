//! `azure-devops-oidc`: the ID token of a job in Azure Pipelines.

use std::sync::Arc;

use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{
    attributes::Key,
    context::Context,
    federation, oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::{decode, plain, retry::Limits},
};

/// The variables of a pipeline, in the order of the address that is made from them.
const VARIABLES: [&str; 6] = [
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
    "SYSTEM_TEAMPROJECTID",
    "SYSTEM_HOSTTYPE",
    "SYSTEM_PLANID",
    "SYSTEM_JOBID",
    "SYSTEM_ACCESSTOKEN",
];

struct AzureDevOps {
    context: Context,
    request_url: String,
    access_token: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    context.need([Key::Host])?;
    let found = VARIABLES.map(|name| context.env().get(name));
    let missing: Vec<_> =
        VARIABLES.iter().zip(&found).filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    let [Some(collection), Some(project), Some(hub), Some(plan), Some(job), Some(token)] = found else {
        // The pipeline sets all but the token, which the job has to pass on.
        let help = match missing[..] {
            ["SYSTEM_ACCESSTOKEN"] => "; in the job set `env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)`",
            _ => "",
        };
        return Err(format!("no {}{help}", missing.join(", no ")));
    };
    let collection = collection.trim_end_matches('/');
    let request_url = format!(
        "{collection}/{project}/_apis/distributedtask/hubs/{hub}/plans/{plan}/jobs/{job}/oidctoken\
         ?api-version=7.2-preview.1"
    );
    Ok(Arc::new(AzureDevOps { context: context.clone(), request_url, access_token: token.into() }))
}

impl AzureDevOps {
    /// The audience of the token is fixed by the platform.
    async fn id_token(&self) -> Result<SecretString> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Reply {
            oidc_token: SecretString,
        }
        let url: Url = oauth::address(&self.request_url)?;
        let request = self
            .context
            .transport()
            .request(Method::POST, url.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, "0")
            .bearer_auth(self.access_token.expose_secret());
        let answer = plain::send(self.context.transport(), request, Limits::TOKEN).await?;
        if answer.body.trim_ascii().is_empty() {
            return Err(Error::new(ErrorKind::Protocol, "Azure DevOps answered with no ID token"));
        }
        let reply: Reply = decode::json(&answer, &url)?;
        Ok(reply.oidc_token)
    }
}

impl TokenProvider for AzureDevOps {
    async fn token(&self) -> Result<Token> {
        let id_token = self.id_token().await?;
        federation::exchange(&self.context, id_token).await
    }

    fn auth_type(&self) -> &str {
        "azure-devops-oidc"
    }
}
