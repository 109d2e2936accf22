//! `file-oidc`: an ID token in a file, read again at every renewal.

use std::{path::PathBuf, sync::Arc};

use secrecy::SecretString;

use super::{
    attributes::Key,
    context::Context,
    federation,
    token::{Configured, Token, TokenProvider},
};
use crate::error::{Error, Result};

struct FileOidc {
    context: Context,
    path: PathBuf,
}

pub(super) fn configure(context: &Context) -> Configured {
    let [_, path] = context.need([Key::Host, Key::OidcTokenFile])?;
    Ok(Arc::new(FileOidc { context: context.clone(), path: context.env().expand(path) }))
}

impl FileOidc {
    /// A file of a kilobyte, read in place.
    fn read(&self) -> Result<SecretString> {
        let path = self.path.display();
        let text = std::fs::read_to_string(&self.path).map_err(|error| {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => format!("the ID token file {path} does not exist"),
                _ => format!("the ID token file {path} cannot be read"),
            };
            Error::unauthenticated(message).with_source(error)
        })?;
        if text.trim().is_empty() {
            return Err(Error::unauthenticated(format!("the ID token file {path} is empty")));
        }
        Ok(text.trim().into())
    }
}

impl TokenProvider for FileOidc {
    async fn token(&self) -> Result<Token> {
        federation::exchange(&self.context, self.read()?).await
    }

    fn auth_type(&self) -> &str {
        "file-oidc"
    }
}
