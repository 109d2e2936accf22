//! The set-up that all tests start from: runs once per process, or once for all processes that share a server.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use super::{
    SetUpError, kept, once_per_project::OncePerProject, project_removal::SetUpFiles, server::Server,
    unavailable,
};
use crate::{
    api::{
        branch::Branch,
        client::Lakebase,
        expiry::Expiry,
        name::{BranchName, ProjectId},
    },
    error::{Error, ErrorKind, Result},
};

static PREPARED: OncePerProject<BranchName> = OncePerProject::new();

/// The files that keep the projects of this process, open to its end.
static USED: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// The branch with the set-up on it.
pub(super) async fn prepared<S>(
    server: &Server,
    client: &Lakebase,
    project: &ProjectId,
    set_up: S,
) -> Result<Branch>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let prepared = async || match server.shared {
        false => prepare(client, project, set_up).await,
        true => prepare_shared(server, client, project, set_up).await,
    };
    client.branch(PREPARED.get_or_try_init(project, prepared).await?)
}

/// Creates the project again and runs the set-up on its default branch.
async fn prepare<S>(client: &Lakebase, project: &ProjectId, set_up: S) -> Result<BranchName>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let context = || format!("setting up the project {project} for tests");
    // An earlier attempt may have left it half-done.
    client.project(project)?.delete().purge().allow_missing().await.map_err(|e| e.with_context(context()))?;
    client.create_project(project).await.map_err(|e| e.with_context(context()))?;
    let branch = client.project(project)?.default_branch().await?.handle().clone();
    set_up(branch.clone()).await.map_err(|error| {
        Error::wrap_boxed(ErrorKind::FailedPrecondition, error)
            .prepend_message("the set-up failed: ")
            .with_context(context())
    })?;
    Ok(branch.name().clone())
}

/// The branch whose existence marks a successful set-up.
const READY: &str = "ready";

async fn prepare_shared<S>(
    server: &Server,
    client: &Lakebase,
    project: &ProjectId,
    set_up: S,
) -> Result<BranchName>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let run = run_key(server, project);
    let stem =
        project.as_str().get(..project.as_str().len().min(46)).unwrap_or_default().trim_end_matches('-');
    let id = ProjectId::new(format!("{stem}-{run}")).map_err(Error::from)?;
    let failed = |e: std::io::Error| unavailable("waiting for another process's set-up").with_source(e);
    let data_dir = server.data_dir().to_owned();
    let outlives_tests = server.outlives_tests();
    let key = id.clone();
    let locked = tokio::task::spawn_blocking(move || {
        let files = SetUpFiles { data_dir: &data_dir, project: &key };
        let lock = files.lock()?;
        Ok((lock, if outlives_tests { Some(files.register()?) } else { None }))
    });
    let (_lock, user) = locked.await.map_err(|e| failed(e.into()))?.map_err(failed)?;
    USED.lock().unwrap_or_else(PoisonError::into_inner).extend(user);
    let project = client.project(&id)?;
    let ready = project.branch(READY)?;
    if let Some(ready) = ready.try_get().await? {
        return Ok(ready.name.clone());
    }
    if outlives_tests && !kept::is_asked_for() {
        let files = SetUpFiles { data_dir: server.data_dir(), project: &id };
        files.remove_after_last_user().map_err(failed)?;
    }
    let branch = prepare(client, &id, set_up).await?;
    Ok(client.branch(branch)?.create_branch(READY, Expiry::Never).await?.name.clone())
}

/// A key of one run of the tests: nextest numbers its runs; otherwise each build has a key, as its set-up may differ.
fn run_key(server: &Server, project: &ProjectId) -> String {
    let mut hasher = DefaultHasher::new();
    (server.host().as_str(), project.as_str()).hash(&mut hasher);
    match std::env::var_os("NEXTEST_RUN_ID") {
        Some(run) => run.hash(&mut hasher),
        None => std::env::current_exe()
            .and_then(std::fs::metadata)
            .and_then(|file| file.modified())
            .ok()
            .hash(&mut hasher),
    }
    format!("{:016x}", hasher.finish())
}
