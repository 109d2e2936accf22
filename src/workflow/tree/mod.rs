//! An overview of a project: its branches as a tree.

mod draw;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use crate::{
    api::{
        branch::BranchInfo,
        endpoint::EndpointInfo,
        name::BranchName,
        project::{Project, ProjectInfo},
        resource::forward,
    },
    error::{ErrorKind, Result},
};

/// A snapshot of a project with its branches and their endpoints. `Display` draws it.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// println!("{}", project.tree().await?);
/// // shop · PostgreSQL 17
/// // └─ production (default, protected) · READY · 31.0 MB · primary ACTIVE
/// //    ├─ ci-pr-42 · READY · 31.2 MB · expires in 58 min · primary IDLE
/// //    └─ dev · READY · 31.0 MB · expires in 23 h 59 min · primary ACTIVE
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tree {
    /// The project.
    pub project: ProjectInfo,
    /// The branches without a parent, and those whose parent is gone.
    pub roots: Vec<TreeBranch>,
    /// The time of the snapshot.
    pub time: DateTime<Utc>,
}

/// A branch in a [`Tree`].
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// for root in project.tree().await?.roots {
///     println!("{} has {} children", root.branch.id(), root.children.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TreeBranch {
    /// The branch.
    pub branch: BranchInfo,
    /// Its endpoints.
    pub endpoints: Vec<EndpointInfo>,
    /// The branches made from it, by id.
    pub children: Vec<TreeBranch>,
}

const AT_ONCE: usize = 8;

impl Project {
    /// Reads the project, its branches and their endpoints.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) when the project does not exist.
    pub async fn tree(&self) -> Result<Tree> {
        let project = self.get().await?;
        let branches = self.branches().await?;
        let branches = stream::iter(branches.into_iter().map(with_endpoints))
            .buffered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await?;
        Ok(Tree { project, roots: grow(branches), time: Utc::now() })
    }
}

impl ProjectInfo {
    forward! {
        Project:
        async fn tree(&self) -> Result<Tree>;
    }
}

/// A branch that is deleted meanwhile has no endpoints.
async fn with_endpoints(branch: BranchInfo) -> Result<TreeBranch> {
    let endpoints = match branch.endpoints().await {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        result => result?,
    };
    Ok(TreeBranch { branch, endpoints, children: Vec::new() })
}

/// Puts every branch under its source. A branch without a known source is a root, so that none is lost.
fn grow(mut branches: Vec<TreeBranch>) -> Vec<TreeBranch> {
    branches.sort_by(|a, b| a.branch.name.cmp(&b.branch.name));
    let known: Vec<BranchName> = branches.iter().map(|branch| branch.branch.name.clone()).collect();
    let is_root = |branch: &TreeBranch| match &branch.branch.source_branch {
        Some(source) => *source == branch.branch.name || !known.contains(source),
        None => true,
    };
    let (mut roots, mut rest): (Vec<_>, Vec<_>) = branches.into_iter().partition(is_root);
    for root in &mut roots {
        adopt(root, &mut rest);
    }
    // Only cycles of sources remain. The service has none, but a faulty answer must not drop branches.
    roots.extend(rest);
    roots
}

fn adopt(parent: &mut TreeBranch, rest: &mut Vec<TreeBranch>) {
    let is_child =
        |branch: &mut TreeBranch| branch.branch.source_branch.as_ref() == Some(&parent.branch.name);
    parent.children = rest.extract_if(.., is_child).collect();
    for child in &mut parent.children {
        adopt(child, rest);
    }
}
