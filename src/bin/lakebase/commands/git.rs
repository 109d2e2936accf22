//! `lakebase git …`: a branch of the database for each branch of the code.

use std::{fs, io, path::Path, time::Duration};

use chrono::Utc;
use clap::{Args, Subcommand};
use lakebase::{
    Branch, Expiry,
    model::BranchInfo,
    name::{BranchId, ProjectId},
};
use serde_json::json;

use crate::{
    failure::{Failure, Result, Status, cannot},
    git,
    global::Global,
    noted,
    output::{self, BOLD, DIM, GREEN, YELLOW},
    progress,
    session::Session,
    shell,
    table::{Cell, table},
    time::{self, expiry},
};

/// The hook that runs after a branch is checked out, also in a new worktree.
const HOOK: &str = "post-checkout";
const MARK: &str = "# Written by `lakebase git install`; `lakebase git uninstall` removes it.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Have git make the branch of the database when a branch of the code is checked out
    Install(Install),
    /// Show which branch of the database belongs to which branch of the code
    Status,
    /// Make the branch of the database for the git branch that is checked out; the hook runs this
    Sync,
    /// Remove the hook; branches of the database stay
    Uninstall,
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// How long a branch lives after its git branch was checked out last
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = time::lifetime)]
    ttl: Duration,
    /// The git branch that belongs to the default branch of the project [default: that of the remote, main, master]
    #[arg(long, value_name = "GIT_BRANCH")]
    main: Option<String>,
}

/// Runs the command. A session is opened only where one is needed: without a Lakebase the hook can still be removed, and
/// a tag checked out.
pub(crate) async fn run(global: &Global, command: &Command) -> Result<Status> {
    match command {
        Command::Install(install) => self::install(&Session::open(global).await?, install).await,
        Command::Status => status(&Session::open(global).await?).await,
        Command::Sync => sync(global).await,
        Command::Uninstall => uninstall(global.json),
    }
}

/// The origin of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hook {
    Missing,
    Ours,
    /// One of the user's own that runs `lakebase git sync`.
    Calling,
    Foreign,
}

impl Hook {
    fn makes_branches(self) -> bool {
        matches!(self, Self::Ours | Self::Calling)
    }
}

fn look_at(file: &Path) -> Result<Hook> {
    match fs::read(file) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let calls = |line: &str| !line.trim_start().starts_with('#') && line.contains(CALL);
            Ok(match (text.contains(MARK), text.lines().any(calls)) {
                (true, _) => Hook::Ours,
                (false, true) => Hook::Calling,
                (false, false) => Hook::Foreign,
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Hook::Missing),
        Err(error) => Err(cannot(format_args!("read {}", file.display()), &error)),
    }
}

async fn install(session: &Session, install: &Install) -> Result<Status> {
    let project = session.project().await?;
    let file = git::hook(HOOK)?;
    let program = std::env::current_exe().map_err(|error| cannot("find this program", &error))?;
    let hook = look_at(&file)?;
    refuse_foreign(&file, hook, &program)?;
    let main = match install.main.clone().or_else(git::main_branch) {
        Some(main) => main,
        None => {
            return Err(
                Failure::new("the main branch of this repository is not known").help("add --main BRANCH")
            );
        }
    };
    // Before anything is written, so that a wrong project leaves no hook.
    progress::reading("reading the project", project.get()).await?;
    git::run(&["config", git::PROJECT, project.id().as_str()])?;
    git::run(&["config", git::MAIN, &main])?;
    git::run(&["config", git::TTL, &format!("{}s", install.ttl.as_secs())])?;
    noted::note(&session.target.origin)?;
    if hook != Hook::Calling {
        write_hook(&file, &script(&program))?;
    }
    if session.json {
        output::print_json(&json!({"hook": file, "project": project.id(), "main": main}))?;
        make(session).await?;
        return Ok(Status::Success);
    }
    output::done(format_args!(
        "{} makes a branch of {} for each git branch but {main}",
        file.display(),
        project.id()
    ));
    make(session).await?;
    output::note(
        "commands without a branch work on that of the git branch: lakebase psql, lakebase exec -- CMD",
    );
    Ok(Status::Success)
}

/// Refuses to replace a hook, and to write one that other repositories run too.
fn refuse_foreign(file: &Path, hook: Hook, program: &Path) -> Result<()> {
    let add = format!(
        "add this line to it, which does nothing in other repositories, and run `lakebase git install` again: {}",
        line(program)
    );
    if hook == Hook::Foreign {
        return Err(Failure::new(format!("{} is a hook of your own, which is not replaced", file.display()))
            .help(add));
    }
    if hook != Hook::Calling && !git::is_own_hook(file)? {
        let shown = file.display();
        return Err(Failure::new(format!(
            "core.hooksPath has git run {shown}, which is not of this repository alone, and no hook is written there"
        ))
        .help(format!("where there is no such hook yet, begin one with #!/bin/sh and make it executable; {add}")));
    }
    Ok(())
}

/// The part of a line by which a hook that makes branches is recognized.
const CALL: &str = " git sync";

fn quoted(program: &Path) -> String {
    shell::word(&program.display().to_string())
}

/// A line for a hook of the user's own.
fn line(program: &Path) -> String {
    format!(
        "[ \"$3\" != 1 ] || ! git config {} >/dev/null || {}{CALL} || exit",
        git::PROJECT,
        quoted(program)
    )
}

/// A hook that fails where the program fails or is gone, so that no one works on the default branch instead.
fn script(program: &Path) -> String {
    format!(
        "#!/bin/sh\n{MARK}\n# $3 is 1 where a branch was checked out, and 0 where only files were.\n\
         [ \"$3\" = 1 ] || exit 0\nexec {}{CALL}\n",
        quoted(program)
    )
}

fn write_hook(file: &Path, script: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        let draft = file.with_extension("lakebase");
        fs::write(&draft, script)?;
        #[cfg(unix)]
        fs::set_permissions(&draft, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        fs::rename(&draft, file)
    };
    write().map_err(|error| cannot(format_args!("write {}", file.display()), &error))
}

fn uninstall(json: bool) -> Result<Status> {
    let file = git::hook(HOOK)?;
    let hook = look_at(&file)?;
    if hook == Hook::Ours {
        fs::remove_file(&file).map_err(|error| cannot(format_args!("remove {}", file.display()), &error))?;
    }
    for key in noted::KEYS {
        // One that is not set is as good as removed.
        git::ask(&["config", "--unset-all", key]);
    }
    if json {
        output::print_json(&json!({"hook": file, "removed": hook == Hook::Ours}))?;
    } else {
        if hook == Hook::Calling {
            output::note(format_args!("{} is a hook of your own; its line does nothing now", file.display()));
        }
        output::done("git makes no branches of the database any more; those that it made expire");
    }
    Ok(Status::Success)
}

/// The lifetime of branches: as installed, else a week.
fn lifetime() -> Duration {
    let noted = git::ask(&["config", "--get", git::TTL]).and_then(|text| time::lifetime(&text).ok());
    noted.unwrap_or(lakebase::days(7))
}

async fn sync(global: &Global) -> Result<Status> {
    // A rebase or a bisection checks out commits of no branch.
    if git::ask(&["symbolic-ref", "--quiet", "HEAD"]).is_none() {
        return Ok(Status::Success);
    }
    let Some(project) = git::project()? else {
        return Err(Failure::new("this repository has no project").help("run `lakebase git install`"));
    };
    let made = match git::current()? {
        Some(current) if current.is_main => of_main(&current, &project),
        // The noted one, whatever the environment names.
        _ => {
            let noted = Global { project: Some(project), ..global.clone() };
            make(&Session::of_repository(&noted).await?).await?
        }
    };
    if global.json {
        output::print_json(&made)?;
    }
    Ok(Status::Success)
}

/// Says that nothing is to be made for the main branch.
fn of_main(current: &git::Current, project: &ProjectId) -> serde_json::Value {
    output::note(format_args!("git branch {} belongs to the default branch of {project}", current.branch));
    json!({"git_branch": current.branch, "branch": null, "created": false})
}

/// Makes the branch of the git branch that is checked out, or prolongs it.
async fn make(session: &Session) -> Result<serde_json::Value> {
    let Some(current) = git::current()? else {
        return Ok(json!({"git_branch": null, "branch": null, "created": false}));
    };
    let project = session.project().await?;
    let Some(id) = current.id()? else {
        return Ok(of_main(&current, project.id()));
    };
    let branch = project.branch(&id)?;
    let there = progress::reading("looking for the branch", branch.try_get()).await?;
    let created = there.is_none();
    match there {
        Some(info) => {
            current.refuse_shared(&info)?;
            prolong(&info).await?;
        }
        None => create(&branch, &id).await?,
    }
    let verb = if created { "created" } else { "there is" };
    output::done(format_args!("{verb} {id} for git branch {}", current.branch));
    Ok(json!({"git_branch": current.branch, "branch": id, "created": created}))
}

async fn create(branch: &Branch, id: &BranchId) -> Result<()> {
    let project = branch.project();
    let create = project.create_branch(id, Expiry::after(lifetime()));
    progress::changing(&format!("creating {id}"), create).await?;
    Ok(())
}

/// A branch that is used again gets its whole lifetime again once half of it is over.
async fn prolong(info: &BranchInfo) -> Result<()> {
    let Some(expires) = info.expire_time else { return Ok(()) };
    let ttl = lifetime();
    if expires - Utc::now() < chrono::TimeDelta::from_std(ttl / 2)? {
        let update = info.update().expiry(Expiry::at(Utc::now() + ttl));
        progress::changing("prolonging the branch", update).await?;
    }
    Ok(())
}

async fn status(session: &Session) -> Result<Status> {
    let file = git::hook(HOOK)?;
    let hook = match (look_at(&file)?, git::project()?) {
        // Its line does nothing.
        (Hook::Calling, None) => Hook::Foreign,
        (hook, _) => hook,
    };
    let project = session.project().await?;
    let there = progress::reading("listing branches", project.branches()).await?;
    let main = git::ask(&["config", "--get", git::MAIN]);
    let current = git::current()?;
    let names = git::run(&["for-each-ref", "--format=%(refname:short)", "refs/heads"])?;
    let mut rows = Vec::new();
    for name in names.lines() {
        let id = if main.as_deref() == Some(name) { None } else { Some(BranchId::from_git_ref(name)?) };
        let info = there.iter().find(|info| id.as_ref().map_or(info.is_default, |id| info.id() == id));
        rows.push(Row {
            git: name.to_owned(),
            id,
            info,
            is_current: current.as_ref().is_some_and(|c| c.branch == name),
        });
    }
    let fine = hook.makes_branches() && rows.iter().all(|row| !row.is_current || row.info.is_some());
    if session.json {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        let installed = hook.makes_branches();
        output::print_json(&json!({"hook": file, "installed": installed, "main": main, "branches": rows}))?;
        return Ok(Status::of(fine));
    }
    match hook {
        Hook::Ours | Hook::Calling => output::print(format_args!("{GREEN}✓{GREEN:#} {}", file.display()))?,
        Hook::Foreign => output::print(format_args!(
            "{YELLOW}!{YELLOW:#} {} is a hook of your own, which makes no branches: see `lakebase git install`",
            file.display()
        ))?,
        Hook::Missing => {
            output::print(format_args!("{YELLOW}!{YELLOW:#} no hook: run `lakebase git install`"))?
        }
    }
    output::print(table(["", "git branch", "branch", "expires"], rows.iter().map(Row::cells).collect()))?;
    Ok(Status::of(fine))
}

struct Row<'a> {
    git: String,
    /// `None` for the main branch.
    id: Option<BranchId>,
    info: Option<&'a BranchInfo>,
    is_current: bool,
}

impl Row<'_> {
    fn cells(&self) -> [Cell; 4] {
        let name = self.id.as_ref().map(ToString::to_string);
        let name = name.or_else(|| self.info.map(|info| info.id().to_string())).unwrap_or_default();
        let (expires, style) = match self.info {
            Some(info) => (expiry(info.expire_time), if info.is_default { DIM } else { GREEN }),
            None => ("not there".to_owned(), YELLOW),
        };
        let mark = if self.is_current { "*" } else { "" };
        [
            Cell::new(mark),
            Cell::new(&self.git).style(if self.is_current { BOLD } else { anstyle::Style::new() }),
            Cell::new(name).style(style),
            Cell::new(expires),
        ]
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "git_branch": self.git, "current": self.is_current, "main": self.id.is_none(),
            "branch": self.id.as_ref().or(self.info.map(|info| info.id())), "exists": self.info.is_some(),
            "expires": self.info.and_then(|info| info.expire_time),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_is_a_script_with_a_quoted_program() {
        let program = Path::new("/opt/it's/lakebase");
        let script = script(program);
        assert!(script.starts_with("#!/bin/sh\n") && script.contains(MARK));
        assert!(script.ends_with("exec '/opt/it'\\''s/lakebase' git sync\n"), "{script}");
    }

    #[test]
    fn a_hook_of_ones_own_is_recognized_by_the_line_in_it() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join(HOOK);
        let program = Path::new("/opt/lakebase");
        assert_eq!(look_at(&file).unwrap(), Hook::Missing);
        for (text, hook) in [
            (format!("#!/bin/sh\necho hello\n# {}\n", line(program)), Hook::Foreign),
            (format!("#!/bin/sh\n{}\n", line(program)), Hook::Calling),
            (script(program), Hook::Ours),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(look_at(&file).unwrap(), hook);
        }
    }
}
