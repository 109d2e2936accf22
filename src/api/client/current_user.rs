//! The user or service principal that the client authenticates as.

use reqwest::Method;
use serde::Deserialize;

use super::Lakebase;
use crate::{
    error::Result,
    http::{Request, decode},
};

/// The user or service principal that the client is logged in as.
///
/// ```no_run
/// # async fn run(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let me = lakebase.current_user().await?;
/// println!("PostgreSQL knows me as {}", me.user_name);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CurrentUser {
    /// The numeric id.
    #[serde(default)]
    pub id: String,
    /// The e-mail address of a person, the application id of a service principal. It is also the name of the
    /// PostgreSQL role to log in as.
    pub user_name: String,
    /// The display name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether the account may log in.
    #[serde(default)]
    pub active: Option<bool>,
}

impl Lakebase {
    /// Reads the caller's identity from the workspace; cached for the life of the client.
    ///
    /// # Errors
    ///
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated) if the login is not accepted, and all that any call
    /// can fail with.
    pub async fn current_user(&self) -> Result<&CurrentUser> {
        self.inner.current_user.get_or_try_init(|| self.ask_for_user()).await
    }

    async fn ask_for_user(&self) -> Result<CurrentUser> {
        let context = "asking for the current user";
        // Entitlements take the service long to gather.
        let request = Request::absolute(Method::GET, "/api/2.0/preview/scim/v2/Me", context)
            .query("excludedAttributes", "entitlements");
        let read = async {
            let answer = self.answer(&request).await?;
            if let Some(id) = answer.header("x-databricks-org-id") {
                self.inner.learned_workspace_id.get_or_init(|| id.to_owned());
            }
            decode::json(&answer, self.host())
        };
        read.await.map_err(|error: crate::error::Error| error.with_context(context))
    }
}
