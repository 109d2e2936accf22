//! `oauth-m2m`: a service principal with a client id and a secret.

use std::sync::Arc;

use secrecy::SecretString;

use super::{
    attributes::Key,
    context::Context,
    oauth,
    token::{Configured, Token, TokenProvider},
};
use crate::error::Result;

struct MachineToMachine {
    context: Context,
    client_id: String,
    client_secret: SecretString,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [_, id, secret] = context.need([Key::Host, Key::ClientId, Key::ClientSecret])?;
    Ok(Arc::new(MachineToMachine {
        context: context.clone(),
        client_id: id.to_owned(),
        client_secret: secret.into(),
    }))
}

impl TokenProvider for MachineToMachine {
    async fn token(&self) -> Result<Token> {
        let endpoint = oauth::token_endpoint(&self.context).await?;
        let scopes = self.context.config().scopes();
        let mut form = vec![("grant_type", "client_credentials"), ("scope", scopes.as_str())];
        form.extend(oauth::group(&self.context));
        oauth::request_token(&self.context, endpoint, &form, Some((&self.client_id, &self.client_secret)))
            .await
    }

    fn auth_type(&self) -> &str {
        "oauth-m2m"
    }
}
