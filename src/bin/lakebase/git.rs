//! Git, as far as a branch of the database belongs to a branch of the code.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use lakebase::{
    model::BranchInfo,
    name::{BranchId, ProjectId},
};

use crate::failure::{Failure, Result, cannot};

/// The project, in the configuration of the repository, which all its worktrees share; `lakebase git install` sets it.
pub(crate) const PROJECT: &str = "lakebase.project";
/// The git branch that belongs to the default branch of the project.
pub(crate) const MAIN: &str = "lakebase.main";
/// The lifetime of branches that the hook makes.
pub(crate) const TTL: &str = "lakebase.ttl";

/// Runs git; `None` where it fails or there is none.
pub(crate) fn ask(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Runs git, which has to succeed.
pub(crate) fn run(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new(format!("cannot run git: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new(format!("`git {}` failed: {reason}", arguments.join(" "))))
}

/// The project that `lakebase git install` noted; `None` outside of a repository.
pub(crate) fn project() -> Result<Option<ProjectId>> {
    refuse_unreadable()?;
    Ok(ask(&["config", "--get", PROJECT]).map(|id| id.parse()).transpose()?)
}

/// Fails where git does not read the repository of this directory: what it would say of it is unknown then, and not
/// nothing.
fn refuse_unreadable() -> Result<()> {
    let here = env::current_dir().map_err(|error| cannot("find the current directory", &error))?;
    let Some(top) = here.ancestors().find(|directory| directory.join(".git").exists()) else {
        return Ok(());
    };
    run(&["rev-parse", "--git-dir"]).map(drop).map_err(|failure| {
        failure.help(format!(
            "see that `git status` works in {}, which may name the branch, or name project and branch",
            top.display()
        ))
    })
}

/// The git branch of this worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) branch: String,
    pub(crate) is_main: bool,
}

impl Current {
    /// The id of its branch of the database; `None` for the main one, which is the default branch.
    pub(crate) fn id(&self) -> Result<Option<BranchId>> {
        if self.is_main { Ok(None) } else { Ok(Some(BranchId::from_git_ref(&self.branch)?)) }
    }

    /// Refuses a branch that others rely on: a git branch that only has the name of it does not mean it.
    pub(crate) fn refuse_shared(&self, info: &BranchInfo) -> Result<()> {
        let why = match (info.is_default, info.is_protected) {
            (false, false) => return Ok(()),
            (true, _) => "the default branch of the project",
            (false, true) => "protected",
        };
        Err(Failure::new(format!("git branch {} does not get {}, as that is {why}", self.branch, info.id()))
            .help("rename the git branch, or name the branch of the database"))
    }
}

/// The git branch, where `lakebase git install` was run; `None` in any other directory.
///
/// # Errors
///
/// Where no branch is checked out, or git does not work: which branch of the database is meant is not known then.
pub(crate) fn current() -> Result<Option<Current>> {
    refuse_unreadable()?;
    if ask(&["config", "--get", PROJECT]).is_none() {
        return Ok(None);
    }
    let Some(branch) = ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]) else {
        return Err(Failure::new("no git branch is checked out, so no branch of the database belongs to it")
            .help("name the branch, or set LAKEBASE_BRANCH"));
    };
    let is_main = ask(&["config", "--get", MAIN]).is_some_and(|main| main == branch);
    Ok(Some(Current { branch, is_main }))
}

/// The file of a hook, wherever the repository keeps them.
pub(crate) fn hook(name: &str) -> Result<PathBuf> {
    let path = run(&["rev-parse", "--git-path", &format!("hooks/{name}")])?;
    std::path::absolute(&path).map_err(|error| Failure::new(format!("cannot resolve {path}: {error}")))
}

/// Whether only this repository runs a hook: `core.hooksPath` has git run those of another directory, which other
/// repositories or, where it is part of the code, other people run too.
pub(crate) fn is_own_hook(file: &Path) -> Result<bool> {
    if ask(&["config", "--get", "core.hooksPath"]).is_none() {
        return Ok(true);
    }
    let own = run(&["rev-parse", "--git-common-dir"])?;
    let own = std::path::absolute(&own).map_err(|error| cannot(format_args!("resolve {own}"), &error))?;
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    Ok(file.parent().is_some_and(|hooks| real(hooks).starts_with(real(&own))))
}

/// The main branch of the code: that of the remote, else `main` or `master`, else the one that is checked out.
pub(crate) fn main_branch() -> Option<String> {
    let remote = ask(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]);
    let remote = remote.and_then(|name| name.strip_prefix("origin/").map(str::to_owned));
    let exists =
        |name: &&str| ask(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{name}")]).is_some();
    let usual = || ["main", "master"].into_iter().find(exists).map(str::to_owned);
    remote.or_else(usual).or_else(|| ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]))
}
