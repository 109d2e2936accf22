//! `external-browser`: the login of a person in a browser (authorization code with PKCE), kept for the next start.

mod open;
mod pkce;
mod redirect;
mod session;

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use self::{
    pkce::Pkce,
    redirect::Redirect,
    session::{Session, SessionFile},
};
use super::{
    attributes::Key,
    context::Context,
    oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::error::{Error, ErrorKind, Result};

const NAME: &str = "external-browser";
/// The public client that every workspace knows.
const PUBLIC_CLIENT: &str = "databricks-cli";

struct ExternalBrowser {
    context: Context,
    client_id: String,
    client_secret: Option<SecretString>,
    scopes: String,
    file: Option<SessionFile>,
    /// `None` until the first login.
    session: Mutex<Option<Session>>,
}

/// Only where it is asked for by name: a program must not open a browser by surprise.
pub(super) fn configure(context: &Context) -> Configured {
    if context.get(Key::AuthType) != Some(NAME) {
        return Err("it is tried only where auth_type names it".to_owned());
    }
    context.need([Key::Host])?;
    let client_id = context.get(Key::ClientId);
    if client_id.is_none() && context.get(Key::AzureClientId).is_some() {
        return Err(
            "azure_client_id is set, and applications of Entra are not offered; set client_id to an \
                    application of Databricks, or unset both"
                .to_owned(),
        );
    }
    let client_secret = client_id.and(context.get(Key::ClientSecret)).map(SecretString::from);
    let client_id = client_id.unwrap_or(PUBLIC_CLIENT).to_owned();
    let mut scopes = context.config().scopes();
    if context.get(Key::NoRefreshToken).is_none() && !scopes.split(' ').any(|scope| scope == OFFLINE) {
        scopes = format!("{scopes} {OFFLINE}");
    }
    let file = SessionFile::of(context, &client_id, &scopes);
    let (context, session) = (context.clone(), Mutex::default());
    Ok(Arc::new(ExternalBrowser { context, client_id, client_secret, scopes, file, session }))
}

/// The scope that grants a refresh token.
const OFFLINE: &str = "offline_access";

impl ExternalBrowser {
    /// The session of an earlier start, or a new one from the browser.
    async fn begin(&self) -> Result<Session> {
        let Some(kept) = self.file.as_ref().and_then(SessionFile::load) else { return self.log_in().await };
        if kept.is_good() {
            return Ok(kept);
        }
        match self.refresh(&kept).await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                tracing::info!(%error, "the login that was kept has ended");
                self.log_in().await
            }
            result => result,
        }
    }

    /// The next token of a session. A program that runs does not open a browser again.
    async fn renew(&self, session: &Session) -> Result<Session> {
        // Another process may have renewed the session meanwhile, which ends the refresh token of this one.
        let kept = self.file.as_ref().and_then(SessionFile::load);
        let newer = kept.filter(|kept| !kept.is_same(session));
        if let Some(newer) = &newer
            && newer.is_good()
        {
            return Ok(newer.clone());
        }
        self.refresh(newer.as_ref().unwrap_or(session)).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthenticated => error
                .append_message("; the login in the browser has ended, start the program again to log in"),
            _ => error,
        })
    }

    async fn refresh(&self, session: &Session) -> Result<Session> {
        let Some(refresh_token) = &session.refresh_token else {
            return Err(Error::unauthenticated("the login has expired, and it came without a refresh token"));
        };
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose_secret())];
        let mut next = self.request(&form).await?;
        // A server that keeps the refresh token does not repeat it.
        next.refresh_token = next.refresh_token.or_else(|| session.refresh_token.clone());
        Ok(next)
    }

    async fn log_in(&self) -> Result<Session> {
        let endpoints = oauth::endpoints(&self.context).await?;
        let mut page = endpoints.authorization.clone().ok_or_else(|| {
            let host = &endpoints.token;
            Error::new(
                ErrorKind::Config,
                format!("{host} has no page for logins in a browser; use another login"),
            )
        })?;
        let redirect = Redirect::listen(self.port(), self.client_id == PUBLIC_CLIENT).await?;
        let pkce = Pkce::new()?;
        self.fill(&mut page, &redirect, &pkce);
        tracing::info!(%page, "opening the login page in a browser");
        open::page(&page, self.context.env()).await?;
        let code = redirect.code(&pkce.state).await?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("code_verifier", pkce.verifier.expose_secret()),
            ("redirect_uri", redirect.uri()),
        ];
        self.request(&form).await
    }

    fn fill(&self, page: &mut Url, redirect: &Redirect, pkce: &Pkce) {
        let mut query = page.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect.uri())
            .append_pair("scope", &self.scopes)
            .append_pair("state", &pkce.state)
            .append_pair("code_challenge", &pkce.challenge)
            .append_pair("code_challenge_method", "S256");
        if let Some((name, id)) = oauth::group(&self.context) {
            query.append_pair(name, id);
        }
    }

    fn port(&self) -> Option<u16> {
        self.context.get(Key::CallbackPort).and_then(|port| port.trim().parse().ok())
    }

    async fn request(&self, form: &[(&str, &str)]) -> Result<Session> {
        let endpoint = oauth::token_endpoint(&self.context).await?;
        let mut form = form.to_vec();
        form.push(("client_id", &self.client_id));
        form.extend(self.client_secret.as_ref().map(|secret| ("client_secret", secret.expose_secret())));
        Ok(Session::new(oauth::request(&self.context, endpoint, &form, None).await?))
    }
}

impl TokenProvider for ExternalBrowser {
    async fn token(&self) -> Result<Token> {
        let mut session = self.session.lock().await;
        let next = match &*session {
            Some(session) => self.renew(session).await?,
            None => self.begin().await?,
        };
        if let Some(file) = &self.file {
            file.save(&next);
        }
        let token = next.token();
        *session = Some(next);
        Ok(token)
    }

    fn auth_type(&self) -> &str {
        NAME
    }
}

#[cfg(test)]
mod tests;
