//! Logins with PostgreSQL's own passwords, checked against the verifier that PostgreSQL keeps.
//!
//! The gateway asks for the password in clear inside TLS, so there is no exchange to take part in: the stored key
//! is derived from the password and compared.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Control, rejection::Rejection, sql, state::Branch};
use crate::local::scram::Verifier;

impl Control {
    /// Whether this is the password of a role that may log in.
    pub(super) async fn password_is_right(
        &self,
        branch: &Branch,
        user: &str,
        password: &SecretString,
    ) -> Result<bool, Rejection> {
        let verifier = self.session(branch, sql::MAINTENANCE_DATABASE).await?.verifier_of(user).await?;
        let Some(verifier) = verifier.as_deref().and_then(Verifier::parse) else { return Ok(false) };
        let password = password.clone();
        // Thousands of rounds of hashing: off the threads that serve others.
        tokio::task::spawn_blocking(move || verifier.accepts(password.expose_secret()))
            .await
            .map_err(|_| Rejection::internal("checking a password broke off"))
    }
}
