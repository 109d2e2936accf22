//! Authenticates SQL logins and wakes their computes: the control plane's side of the gateway.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Utc;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    computes::Computes, error_conversion::with_sources, intents::CatalogChanges, passwords,
    shared_state::SharedState, state::Branch,
};
use crate::{
    api::wire::role::AuthMethod,
    local::{
        gateway::{Authenticator, ErrorResponse, Upstream},
        token::{TokenError, TokenSigner},
    },
};

/// Logins at the gateway.
pub(super) struct Logins {
    pub(super) state: Arc<SharedState>,
    pub(super) computes: Arc<Computes>,
    pub(super) changes: Arc<CatalogChanges>,
    pub(super) signer: Arc<TokenSigner>,
}

#[async_trait]
impl Authenticator for Logins {
    async fn authenticate(
        &self,
        endpoint: &str,
        user: &str,
        password: &SecretString,
    ) -> Result<(), ErrorResponse> {
        let decided = self.decide(endpoint, user, password).await;
        self.computes.counters.login(decided.is_ok());
        decided
    }

    async fn wake(&self, endpoint: &str) -> Result<Upstream, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, row) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        check_created(branch)?;
        if row.disabled {
            return Err(disabled());
        }
        // Counted before the compute is looked at: from here on it is not suspended.
        let presence = self.computes.connect(endpoint);
        let socket = self
            .computes
            .wake(branch, row)
            .await
            .map_err(|error| unavailable(endpoint, with_sources(&error)))?;
        Ok(Upstream { socket, guard: Box::new(presence) })
    }
}

impl Logins {
    async fn decide(&self, endpoint: &str, user: &str, password: &SecretString) -> Result<(), ErrorResponse> {
        self.finish_before_login(endpoint).await?;
        let state = self.state.snapshot();
        let (branch, row) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        let project = state.project(&branch.project_name()).map_err(|_| gone())?;
        check_created(branch)?;
        if row.disabled {
            return Err(disabled());
        }
        let claims = match self.signer.verify(password.expose_secret(), Utc::now()) {
            Ok(claims) => claims,
            Err(TokenError::Malformed) if project.native_login => {
                let right = passwords::is_valid(&self.computes, branch, user, password).await;
                return match right.map_err(|error| unavailable(endpoint, error.to_string()))? {
                    true => Ok(()),
                    false => Err(ErrorResponse::bad_password(user)),
                };
            }
            Err(TokenError::Malformed) => return Err(ErrorResponse::native_login_disabled()),
            Err(TokenError::BadSignature) => return Err(ErrorResponse::bad_password(user)),
            Err(TokenError::Expired { at }) => return Err(ErrorResponse::token_expired(at)),
        };
        if claims.subject != user {
            return Err(ErrorResponse::not_authorized(format!(
                "The token was issued to '{}'; log in as that user, or request a token as '{user}'.",
                claims.subject
            )));
        }
        if claims.project != project.uid {
            return Err(ErrorResponse::not_authorized(
                "The token was issued for another project; request one for this endpoint.",
            ));
        }
        match branch.roles.values().find(|role| role.postgres_role == user) {
            Some(role) if role.auth == AuthMethod::Oauth => Ok(()),
            Some(_) => Err(ErrorResponse::not_authorized(
                "The role does not log in with tokens; use its PostgreSQL password, or create a role whose \
                 auth_method is LAKEBASE_OAUTH_V1.",
            )),
            None => Err(ErrorResponse::bad_password(user)),
        }
    }

    /// Roles and databases are read only when no interrupted change of them is left.
    async fn finish_before_login(&self, endpoint: &str) -> Result<(), ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, _) = state.by_endpoint_uid(endpoint).ok_or_else(gone)?;
        let recovered = self.changes.ensure_finished(&branch.name()).await;
        recovered.map_err(|error| unavailable(endpoint, error.to_string()))
    }
}

fn unavailable(endpoint: &str, message: String) -> ErrorResponse {
    tracing::error!(endpoint, error = message, "the compute does not start");
    ErrorResponse::unavailable(format!("the endpoint's compute does not start: {message}"))
}

fn gone() -> ErrorResponse {
    ErrorResponse::unavailable("the endpoint does not exist any more")
}

/// Refuses a branch whose creation is under way: a start of its compute would end the server that masks it.
fn check_created(branch: &Branch) -> Result<(), ErrorResponse> {
    match branch.init {
        true => Err(ErrorResponse::new("57P03", "the branch is still being created; try again")),
        false => Ok(()),
    }
}

fn disabled() -> ErrorResponse {
    ErrorResponse::new("57P03", "the endpoint is disabled; set spec.disabled to false to use it")
}
