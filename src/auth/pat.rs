//! `pat`: a personal access token, sent as it is.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::{
    attributes::Key,
    context::Context,
    token::{Configured, Token, TokenProvider},
};
use crate::error::Result;

pub(crate) struct Pat(pub(crate) SecretString);

pub(super) fn configure(context: &Context) -> Configured {
    let [_, token] = context.need([Key::Host, Key::Token])?;
    Ok(Arc::new(Pat(token.into())))
}

impl TokenProvider for Pat {
    async fn token(&self) -> Result<Token> {
        Ok(Token::new(self.0.expose_secret()))
    }

    fn auth_type(&self) -> &str {
        "pat"
    }

    fn is_renewable(&self) -> bool {
        false
    }
}
