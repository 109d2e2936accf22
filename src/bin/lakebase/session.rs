//! The Lakebase, project and branch that a command is about, and what it says about them.

use std::env;

use lakebase::{
    Branch, Lakebase, Project,
    model::BranchInfo,
    name::{BranchId, BranchName, ProjectId},
};

use crate::{
    failure::{Failure, Result},
    git,
    global::Global,
    nearest, noted, output, progress,
    settings::Settings,
    target::Target,
};

/// Names the branch where none is given.
const BRANCH: &str = "LAKEBASE_BRANCH";

/// The Lakebase of a command, with its project and the options that all commands have.
pub(crate) struct Session {
    pub(crate) target: Target,
    pub(crate) settings: Settings,
    pub(crate) json: bool,
    pub(crate) yes: bool,
    project: Option<ProjectId>,
    /// That of `--project` or `LAKEBASE_PROJECT`.
    given: Option<ProjectId>,
}

impl Session {
    /// Chooses the Lakebase and says which on standard error.
    pub(crate) async fn open(global: &Global) -> Result<Self> {
        let settings = Settings::find()?;
        let target = Target::choose(global, &settings).await?;
        Self::announced(global, target, settings).await
    }

    /// As [`open`](Self::open), with the Lakebase that `lakebase git install` noted, unless the command line names one.
    pub(crate) async fn of_repository(global: &Global) -> Result<Self> {
        let settings = Settings::find()?;
        let target = match noted::origin().filter(|_| !global.local() && global.profile.is_none()) {
            Some(noted) => Target::noted(noted, global).await?,
            None => Target::choose(global, &settings).await?,
        };
        Self::announced(global, target, settings).await
    }

    async fn announced(global: &Global, target: Target, settings: Settings) -> Result<Self> {
        let session = Self::with(global, target, settings).await?;
        let project = session.project.as_ref().map(|id| format!(" · project {id}")).unwrap_or_default();
        output::note(format_args!("{}{project}", session.target.description));
        Ok(session)
    }

    /// Finds the project.
    pub(crate) async fn with(global: &Global, target: Target, settings: Settings) -> Result<Self> {
        let given = global.project.clone();
        let session = Self { project: None, given, json: global.json, yes: global.yes, target, settings };
        Ok(Self { project: session.find_project(global).await?, ..session })
    }

    pub(crate) fn lakebase(&self) -> &Lakebase {
        &self.target.lakebase
    }

    /// As given, remembered in `lakebase.toml` or by `lakebase git install`; else the only one on this machine.
    async fn find_project(&self, global: &Global) -> Result<Option<ProjectId>> {
        if let Some(id) = &global.project {
            return Ok(Some(id.clone()));
        }
        let remembered = match &self.settings.project {
            Some(id) => Some(id.clone()),
            None => git::project()?,
        };
        if remembered.is_some() {
            return Ok(remembered);
        }
        if !self.target.is_local {
            return Ok(None);
        }
        let projects = progress::reading("listing projects", self.lakebase().projects()).await?;
        Ok(match projects.as_slice() {
            [only] => Some(only.name.id().clone()),
            _ => None,
        })
    }

    /// The project, where one is known.
    pub(crate) fn known_project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    /// The project. Nothing is sent where one is named.
    pub(crate) async fn project(&self) -> Result<Project> {
        if let Some(id) = &self.project {
            return Ok(self.lakebase().project(id)?);
        }
        let projects = progress::reading("listing projects", self.lakebase().projects()).await?;
        let ids: Vec<_> = projects.iter().map(|project| project.name.id().to_string()).collect();
        let help = match ids.as_slice() {
            [] => "there is none yet: `lakebase init` creates one".to_owned(),
            _ => {
                format!("name one of {}: --project ID, LAKEBASE_PROJECT, or `lakebase init`", ids.join(", "))
            }
        };
        Err(Failure::new("no project is named").help(help))
    }

    /// A handle by an id, a whole name or a git branch; nothing is sent beyond what finds the project.
    pub(crate) async fn handle(&self, name: &str) -> Result<Branch> {
        if name.starts_with("projects/") {
            let branch = self.lakebase().branch(name)?;
            refuse_other_project(branch.name(), self.given.as_ref())?;
            return Ok(branch);
        }
        // No id has a slash.
        let id = if name.contains('/') { BranchId::from_git_ref(name)? } else { BranchId::new(name)? };
        Ok(self.project().await?.branch(id)?)
    }

    /// Reads a branch; an unknown one fails with the nearest name.
    pub(crate) async fn branch(&self, name: &str) -> Result<BranchInfo> {
        let branch = self.handle(name).await?;
        self.read(&branch).await
    }

    /// The given branch, else that of `LAKEBASE_BRANCH`, of the git branch where `lakebase git install` was run, or the
    /// default one.
    pub(crate) async fn branch_or_default(&self, given: Option<&str>) -> Result<BranchInfo> {
        if let Some(name) = given {
            return self.branch(name).await;
        }
        if let Ok(name) = env::var(BRANCH).map(|name| name.trim().to_owned())
            && !name.is_empty()
        {
            output::note(format_args!("branch {name} ({BRANCH})"));
            return self.branch(&name).await;
        }
        if let Some(current) = git::current()?
            && let Some(id) = current.id()?
        {
            output::note(format_args!("branch {id} (git branch {})", current.branch));
            let info = self.branch(id.as_str()).await.map_err(|failure| {
                failure.help("the hook of `lakebase git install` creates it; run `lakebase git sync`")
            })?;
            current.refuse_shared(&info)?;
            return Ok(info);
        }
        let default =
            progress::reading("reading the default branch", self.project().await?.default_branch()).await?;
        output::note(format_args!("branch {} (the default)", default.id()));
        Ok(default)
    }

    /// Reads a branch by its handle.
    pub(crate) async fn read(&self, branch: &Branch) -> Result<BranchInfo> {
        match progress::reading("reading the branch", branch.try_get()).await? {
            Some(info) => Ok(info),
            None => Err(self.unknown(branch.name()).await),
        }
    }

    /// The failure for a branch that does not exist.
    async fn unknown(&self, name: &BranchName) -> Failure {
        let project = match self.lakebase().project(name.project()) {
            Ok(project) => project,
            Err(error) => return error.into(),
        };
        let branches = match progress::reading("listing branches", project.branches()).await {
            Ok(branches) => branches,
            // Such as a project that does not exist.
            Err(failure) => return failure,
        };
        let ids: Vec<_> = branches.iter().map(|branch| branch.id().to_string()).collect();
        let help = nearest::suggestion(name.id().as_str(), &ids);
        Failure::new(format!("project {} has no branch '{}'", name.project().id(), name.id())).help(help)
    }
}

impl Session {
    /// The failure of a command to which a resource was missing: where that is the project, with the nearest name.
    pub(crate) async fn missing(&self, failure: Failure) -> Failure {
        let Some(id) = &self.project else { return failure };
        let Ok(projects) = progress::reading("listing projects", self.lakebase().projects()).await else {
            return failure;
        };
        let ids: Vec<_> = projects.iter().map(|project| project.name.id().to_string()).collect();
        if ids.iter().any(|other| other == id.as_str()) {
            return failure;
        }
        let help = match ids.as_slice() {
            [] => format!("there is none yet: `lakebase init {id}` creates it"),
            _ => format!("{}; `lakebase init {id}` creates it", nearest::suggestion(id.as_str(), &ids)),
        };
        Failure::new(format!("there is no project '{id}'")).help(help)
    }
}

/// Refuses a branch of another project than the one that is named beside it, as one of the two is not meant.
fn refuse_other_project(branch: &BranchName, given: Option<&ProjectId>) -> Result<()> {
    match given {
        Some(given) if given != branch.project().id() => Err(Failure::new(format!(
            "{branch} is not in project {given}, which is named too"
        ))
        .help("name the project of the branch, or none: see --project, LAKEBASE_PROJECT, LAKEBASE_BRANCH")),
        _ => Ok(()),
    }
}
