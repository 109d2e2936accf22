//! Exchanges an external ID token for a workspace token.

use secrecy::{ExposeSecret, SecretString};

use super::{attributes::Key, context::Context, host::HostType, oauth, token::Token};
use crate::error::{Error, Result};

/// Requests the token. Without a client id, the federation policy of the account applies.
pub(super) async fn exchange(context: &Context, id_token: SecretString) -> Result<Token> {
    let id_token = id_token.expose_secret().trim();
    if id_token.is_empty() {
        return Err(Error::unauthenticated("the ID token is empty"));
    }
    let endpoint = oauth::token_endpoint(context).await?;
    let scopes = context.config().scopes();
    let mut form = Vec::with_capacity(6);
    form.extend(context.get(Key::ClientId).map(|id| ("client_id", id)));
    form.extend([
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("scope", scopes.as_str()),
        ("subject_token", id_token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ]);
    form.extend(oauth::group(context));
    oauth::request_token(context, endpoint, &form, None).await
}

/// The audience that the ID token must be issued for: the configured one or the host's, else the account, else the
/// token endpoint.
pub(super) async fn audience(context: &Context) -> Result<String> {
    let metadata = context.host_metadata().await?;
    if let Some(audience) = &metadata.audience {
        return Ok(audience.clone());
    }
    if let Some(account) = metadata.account_id.as_ref().filter(|_| metadata.host_type != HostType::Workspace)
    {
        return Ok(account.clone());
    }
    Ok(oauth::token_endpoint(context).await?.to_string())
}
