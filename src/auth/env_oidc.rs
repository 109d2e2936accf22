//! `env-oidc`: an ID token in an environment variable, read again at every renewal.

use std::sync::Arc;

use super::{
    attributes::Key,
    context::Context,
    federation,
    token::{Configured, Token, TokenProvider},
};
use crate::error::{Error, Result};

struct EnvOidc {
    context: Context,
    variable: String,
}

pub(super) fn configure(context: &Context) -> Configured {
    context.need([Key::Host])?;
    let variable = context.get(Key::OidcTokenEnv).unwrap_or("DATABRICKS_OIDC_TOKEN").to_owned();
    if context.env().get(&variable).is_none() {
        return Err(format!("{variable} is not set or empty"));
    }
    Ok(Arc::new(EnvOidc { context: context.clone(), variable }))
}

impl TokenProvider for EnvOidc {
    async fn token(&self) -> Result<Token> {
        let id_token = self.context.env().get(&self.variable).ok_or_else(|| {
            Error::unauthenticated(format!("{} is not set or empty any more", self.variable))
        })?;
        federation::exchange(&self.context, id_token.into()).await
    }

    fn auth_type(&self) -> &str {
        "env-oidc"
    }
}
