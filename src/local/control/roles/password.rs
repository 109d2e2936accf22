//! The password of a role, shown again.

use secrecy::SecretString;

use super::Roles;
use crate::{
    api::{name::RoleName, wire::role::AuthMethod},
    local::control::{
        error_response::ErrorResponse,
        passwords,
        sql::{self, MAINTENANCE_DATABASE, Session},
        state::{Branch, Role},
    },
    sql::quote_ident,
};

impl Roles {
    /// The password of a role that logs in with one. A role of an older version, or one whose password was removed in
    /// SQL, gets one now.
    pub(crate) async fn reveal_password(&self, name: &RoleName) -> Result<SecretString, ErrorResponse> {
        let held = self.changes.hold_branch(name.branch(), "the reading of a password").await?;
        let state = self.state.snapshot();
        let (branch, role) = state.role(name)?;
        check_has_password(role)?;
        let mut session = Session::open(&self.changes.computes, branch, MAINTENANCE_DATABASE).await?;
        let is_set = session.roles_with_passwords().await?.contains(&role.postgres_role);
        match &role.password {
            Some(password) if is_set => {
                let user = &role.postgres_role;
                if passwords::is_valid(&self.changes.computes, branch, user, password).await? {
                    return Ok(password.clone());
                }
                Err(changed_in_sql(role))
            }
            None if is_set => Err(changed_in_sql(role)),
            kept => {
                let password = kept.clone().map_or_else(passwords::generate, Ok)?;
                self.keep(name, &password).await?;
                let verifier = passwords::verifier(&password).await?;
                session.run(sql::set_password(&role.postgres_role, Some(&verifier))).await?;
                drop(held);
                Ok(password)
            }
        }
    }

    async fn keep(&self, name: &RoleName, password: &SecretString) -> Result<(), ErrorResponse> {
        let put = |branch: &mut Branch| {
            let role =
                branch.roles.get_mut(name.id()).ok_or_else(|| ErrorResponse::role_not_found(name.id()))?;
            role.password = Some(password.clone());
            Ok(())
        };
        self.state.commit(|state| state.change_branch(name.branch(), put)).await
    }
}

fn check_has_password(role: &Role) -> Result<(), ErrorResponse> {
    if role.auth == AuthMethod::Password {
        return Ok(());
    }
    Err(ErrorResponse::bad_request(format!(
        "role \"{}\" has the auth_method {} and no password; only roles with PG_PASSWORD_SCRAM_SHA_256 have one",
        role.postgres_role, role.auth
    )))
}

fn changed_in_sql(role: &Role) -> ErrorResponse {
    ErrorResponse::bad_request(format!(
        "the password of role {0} was changed in SQL, and only its verifier is known; remove it (ALTER ROLE {0} PASSWORD \
         NULL) and ask again for a generated one",
        quote_ident(&role.postgres_role)
    ))
}
