//! Addresses of projects and branches in the web console of a workspace.

use crate::api::{branch::BranchInfo, project::ProjectInfo};

impl ProjectInfo {
    /// The project's page in the workspace's web console.
    ///
    /// `None` where the service gave the project no uid, and on plain `http`, which is the local Lakebase: it has no
    /// web console. The form of the address is what workspaces show; it is not documented.
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
            return None;
        }
        Some(format!("{}/lakebase/projects/{}", host.as_str().trim_end_matches('/'), self.uid.as_ref()?))
    }

    /// The page of one of its branches, from which the console compares schemas; `None` as for
    /// [`console_url`](Self::console_url).
    pub fn branch_console_url(&self, branch: &BranchInfo) -> Option<String> {
        Some(format!("{}/branches/{}", self.console_url()?, branch.uid.as_ref()?))
    }
}
