//! The password of a role, revealed.

use secrecy::SecretString;

use super::{Role, RoleInfo};
use crate::{
    api::{resource::forward, wire::role::RolePassword},
    error::Result,
    http::Request,
};

impl Role {
    /// Reveals the password of a role that logs in with one
    /// ([`AuthMethod::Password`](crate::model::AuthMethod::Password)). The service generates it; it is neither set nor
    /// changed here.
    ///
    /// It opens the endpoints of the branch where the project allows logins with passwords
    /// ([`native_login`](crate::builder::CreateProject::native_login)). A branch made from a protected one has
    /// passwords of its own.
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// use secrecy::ExposeSecret as _;
    ///
    /// let password = branch.role("app")?.reveal_password().await?;
    /// let mut psql = std::process::Command::new("psql");
    /// psql.env("PGUSER", "app").env("PGPASSWORD", password.expose_secret());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the role does not exist; [`Invalid`](crate::ErrorKind::Invalid)
    /// when it has no password, such as a role that logs in with generated credentials. Also the errors of
    /// [any call](crate::builder::RawRequest#errors).
    pub async fn reveal_password(&self) -> Result<SecretString> {
        let context = format!("revealing the password of role {}", self.name());
        let path = format!("{}/password", self.name());
        let request = Request::post(&path, &serde_json::json!({}), context)?.idempotent();
        let answer: RolePassword = self.client().send(request).await?;
        Ok(answer.password.into())
    }
}

impl RoleInfo {
    forward! {
        Role:
        async fn reveal_password(&self) -> Result<SecretString>;
    }
}
