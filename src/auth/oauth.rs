//! Token endpoint discovery and token requests.

use std::time::Duration;

use reqwest::{Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{
    attributes::Key,
    context::{Context, Endpoints},
    host::HostType,
    token::Token,
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::{
        decode::{self, JsonError},
        plain,
        retry::Limits,
        transport::is_loopback,
    },
};

/// The address that hands out tokens for the workspace.
pub(super) async fn token_endpoint(context: &Context) -> Result<&Url> {
    Ok(&endpoints(context).await?.token)
}

/// The addresses of the OAuth server; the first caller looks them up.
pub(super) async fn endpoints(context: &Context) -> Result<&Endpoints> {
    context.endpoints_cell().get_or_try_init(|| discover(context)).await
}

async fn discover(context: &Context) -> Result<Endpoints> {
    #[derive(Deserialize)]
    struct Discovery {
        token_endpoint: String,
        authorization_endpoint: Option<String>,
    }
    let host = context.host()?;
    let metadata = context.host_metadata().await?;
    let address = match (&metadata.discovery_url, metadata.host_type, &metadata.account_id) {
        (Some(url), _, _) => url.clone(),
        (None, HostType::Workspace, _) => format!("{host}oidc/.well-known/oauth-authorization-server"),
        (None, HostType::Account, Some(id)) => {
            let at = |name: &str| address(&format!("{host}oidc/accounts/{id}/v1/{name}"));
            return Ok(Endpoints { token: at("token")?, authorization: Some(at("authorize")?) });
        }
        (None, HostType::Account, None) => {
            return Err(Error::new(ErrorKind::Config, format!("{host} is an account; set account_id")));
        }
        (None, HostType::Unified, _) => {
            let message = format!(
                "{host} serves several workspaces and does not say where its tokens are; set discovery_url"
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
    };
    let url = self::address(&address)?;
    let request = context.transport().request(Method::GET, url).header(header::ACCEPT, "application/json");
    let answer = plain::send(context.transport(), request, Limits::TOKEN).await.map_err(|error| {
        if error.status() == Some(404) {
            let message = format!("OAuth is not supported for this host: {address} does not exist");
            return Error::new(ErrorKind::Config, message).with_source(error);
        }
        error
    })?;
    let discovery: Discovery = decode::json(&answer, host)?;
    Ok(Endpoints {
        token: self::address(&discovery.token_endpoint)?,
        authorization: discovery.authorization_endpoint.as_deref().map(self::address).transpose()?,
    })
}

/// The field of a token request that asks for the role of a group instead of the caller's own.
pub(super) fn group(context: &Context) -> Option<(&'static str, &str)> {
    context.get(Key::GroupId).map(|id| (ASSUME_GROUP, id))
}

const ASSUME_GROUP: &str = "assume_group";

/// Secrets are sent to this address, so it must be HTTPS or loopback.
pub(super) fn address(text: &str) -> Result<Url> {
    let wrong = |rule: &str| Error::new(ErrorKind::Config, format!("'{text}' {rule}"));
    let url = Url::parse(text).map_err(|e| wrong("is not an address").with_source(e))?;
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) {
        return Ok(url);
    }
    Err(wrong("would send secrets unencrypted; it must begin with https://"))
}

/// The answer of a token endpoint.
#[derive(Deserialize)]
pub(super) struct TokenReply {
    #[serde(default)]
    pub(super) access_token: SecretString,
    #[serde(default)]
    pub(super) token_type: String,
    #[serde(default, deserialize_with = "seconds")]
    pub(super) expires_in: Option<u64>,
    pub(super) refresh_token: Option<SecretString>,
}

impl TokenReply {
    pub(super) fn token(&self) -> Token {
        let token = Token::new(self.access_token.expose_secret()).with_scheme(&self.token_type);
        match self.expires_in {
            Some(seconds) => token.expires_in(Duration::from_secs(seconds)),
            None => token,
        }
    }
}

/// Entra's older endpoint sends the number as text.
fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Option::<Either>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Either::Number(number)) => Ok(Some(number)),
        Some(Either::Text(text)) => text.trim().parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// Asks for a token: a form, and perhaps a client that identifies itself.
pub(super) async fn request_token(
    context: &Context,
    endpoint: &Url,
    form: &[(&str, &str)],
    client: Option<(&str, &SecretString)>,
) -> Result<Token> {
    Ok(request(context, endpoint, form, client).await?.token())
}

/// Asks for a token and returns the whole answer.
pub(super) async fn request(
    context: &Context,
    endpoint: &Url,
    form: &[(&str, &str)],
    client: Option<(&str, &SecretString)>,
) -> Result<TokenReply> {
    let mut request = context.transport().request(Method::POST, endpoint.clone());
    request = request.header(header::ACCEPT, "application/json").form(form);
    if let Some((id, secret)) = client {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, FORM).to_string();
        request = request.basic_auth(encode(id), Some(encode(secret.expose_secret())));
    }
    let sent = plain::send(context.transport(), request, Limits::TOKEN).await;
    let answer = sent.map_err(|error| refused(error, context, form))?;
    decode::check(&answer, endpoint)?;
    let reply: TokenReply = serde_json::from_slice(&answer.body).map_err(|error| {
        Error::new(ErrorKind::Protocol, format!("{endpoint} answered with no token"))
            .with_source(JsonError::from(error))
    })?;
    if reply.access_token.expose_secret().is_empty() {
        return Err(Error::new(ErrorKind::Protocol, format!("{endpoint} answered without an access_token")));
    }
    Ok(reply)
}

/// Both parts of the client's name are encoded before they are joined (RFC 6749, 2.3.1).
const FORM: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A refusal of a token endpoint means wrong credentials; servers use 400, 401 and 403 for it.
fn refused(error: Error, context: &Context, form: &[(&str, &str)]) -> Error {
    let Some(400 | 401 | 403) = error.status() else { return error };
    let error = error.with_kind(ErrorKind::Unauthenticated);
    match group(context).filter(|group| form.contains(group)) {
        Some((_, id)) => error.append_message(format!(
            "; the token was requested for the group {id}: check that the group exists and that the caller is its \
             member, or unset group_id"
        )),
        None => error,
    }
}
