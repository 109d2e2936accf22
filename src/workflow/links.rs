//! Addresses of projects and branches in the console of a workspace or of a local Lakebase.

use crate::api::{branch::BranchInfo, project::ProjectInfo};

impl ProjectInfo {
    /// The project's page in the web console of the workspace, or in the console that a local Lakebase serves
    /// (`docs/console.md`), where a browser has to log in first.
    ///
    /// `None` where the service gave the project no uid, and for a local Lakebase that serves no console. The form of the
    /// address in a workspace is what its console shows; it is not documented.
    ///
    /// ```no_run
    /// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// let project = lakebase.project("shop")?.get().await?;
    /// if let Some(url) = project.console_url() {
    ///     println!("{url}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn console_url(&self) -> Option<String> {
        let host = self.handle().client().host();
        if host.scheme() != "https" {
            return self.local_console_url.clone();
        }
        Some(format!("{}/lakebase/projects/{}", host.as_str().trim_end_matches('/'), self.uid.as_ref()?))
    }

    /// The page of one of its branches, from which the console compares schemas; `None` as for
    /// [`console_url`](Self::console_url).
    pub fn branch_console_url(&self, branch: &BranchInfo) -> Option<String> {
        let project = self.console_url()?;
        if self.handle().client().host().scheme() != "https" {
            return Some(format!("{project}/b/{}", branch.id()));
        }
        Some(format!("{project}/branches/{}", branch.uid.as_ref()?))
    }
}
