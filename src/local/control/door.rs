//! Who may log in to an endpoint, and where to: the control plane's side of the SQL front door.

use async_trait::async_trait;
use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Control, with_sources};
use crate::{
    api::wire::role::AuthMethod,
    local::{
        gateway::{Door, Refusal, Upstream},
        token::TokenError,
    },
};

#[async_trait]
impl Door for Control {
    async fn authenticate(&self, endpoint: &str, user: &str, password: &SecretString) -> Result<(), Refusal> {
        self.finish_before_login(endpoint).await?;
        let state = self.snapshot();
        let (branch, row) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        let project = state.project(&branch.project).map_err(|_| gone())?;
        if row.disabled {
            return Err(disabled());
        }
        let claims = match self.signer.verify(password.expose_secret(), Utc::now()) {
            Ok(claims) => claims,
            Err(TokenError::Malformed) if project.native_login => {
                let right = self.password_is_right(branch, user, password).await;
                return match right.map_err(|error| unavailable(endpoint, error.to_string()))? {
                    true => Ok(()),
                    false => Err(Refusal::bad_password(user)),
                };
            }
            Err(TokenError::Malformed) => return Err(Refusal::native_login_disabled()),
            Err(TokenError::BadSignature) => return Err(Refusal::bad_password(user)),
            Err(TokenError::Expired { .. }) => return Err(Refusal::not_authorized()),
        };
        if claims.subject != user || claims.project != project.uid {
            return Err(Refusal::not_authorized());
        }
        match branch.roles.values().find(|role| role.postgres_role == user) {
            Some(role) if role.auth == AuthMethod::Oauth => Ok(()),
            Some(_) => Err(Refusal::not_authorized()),
            None => Err(Refusal::bad_password(user)),
        }
    }

    async fn connect(&self, endpoint: &str) -> Result<Upstream, Refusal> {
        let state = self.snapshot();
        let (branch, row) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        if row.disabled {
            return Err(disabled());
        }
        // Counted before the compute is looked at: from here on nobody suspends it.
        let presence = self.computes.of(endpoint).enter();
        let socket =
            self.wake(branch, row).await.map_err(|error| unavailable(endpoint, with_sources(&error)))?;
        Ok(Upstream { socket, guard: Box::new(presence) })
    }
}

impl Control {
    /// Roles and databases are looked at only when no interrupted change of them is left.
    async fn finish_before_login(&self, endpoint: &str) -> Result<(), Refusal> {
        let state = self.snapshot();
        let (branch, _) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        self.ensure_whole(&branch.ids()).await.map_err(|error| unavailable(endpoint, error.to_string()))
    }
}

fn unavailable(endpoint: &str, message: String) -> Refusal {
    tracing::error!(endpoint, error = message, "the compute does not start");
    Refusal::Unavailable { message: format!("the endpoint's compute does not start: {message}") }
}

fn gone() -> Refusal {
    Refusal::Unavailable { message: "the endpoint does not exist any more".to_owned() }
}

fn disabled() -> Refusal {
    Refusal::Login {
        sqlstate: "57P03",
        message: "the endpoint is disabled; set spec.disabled to false to use it".to_owned(),
    }
}
