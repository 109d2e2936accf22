//! Clients that make their calls at the same time, each compared with its model after every call and at the end.

use std::collections::{BTreeMap, BTreeSet};

use lakebase::{Lakebase, model::ProjectInfo};
use proptest::test_runner::{TestCaseError, TestCaseResult};
use sqlx::Connection as _;

use super::{
    call::{Branch, Call, Names},
    rules::{self, Model},
};
use crate::support::fixture::{client, fresh_id};

/// The resource that the clients share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    Server,
    Project,
}

/// Runs the sequences of all clients; projects are purged afterwards.
pub(crate) fn all(sequences: Vec<Vec<Call>>, sharing: Sharing) -> TestCaseResult {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let lakebase = client().await;
        let projects = match sharing {
            Sharing::Server => sequences.len(),
            Sharing::Project => 1,
        };
        let made = (0..projects).map(|_| {
            let lakebase = lakebase.clone();
            async move { lakebase.create_project(fresh_id("model").as_str()).await }
        });
        let projects: Vec<ProjectInfo> =
            futures_util::future::try_join_all(made).await.map_err(|error| fail(&error))?;
        let walks = sequences.into_iter().enumerate().map(|(client, calls)| {
            let project = &projects[client % projects.len()];
            walk(&lakebase, project, client, calls, sharing)
        });
        let ended = futures_util::future::join_all(walks).await;
        for project in &projects {
            let root = format!("{}/branches/production", project.name);
            project.update().default_branch(root).await.map_err(|error| fail(&error))?;
            for branch in project.branches().await.map_err(|error| fail(&error))? {
                if branch.is_protected {
                    branch.update().protected(false).await.map_err(|error| fail(&error))?;
                }
            }
            project.delete().purge().await.map_err(|error| fail(&error))?;
        }
        ended.into_iter().collect()
    })
}

fn fail(error: &lakebase::Error) -> TestCaseError {
    TestCaseError::fail(format!("{error:?}"))
}

async fn walk(
    lakebase: &Lakebase,
    project: &ProjectInfo,
    client: usize,
    calls: Vec<Call>,
    sharing: Sharing,
) -> TestCaseResult {
    let root = project.default_branch().await.map_err(|error| fail(&error))?;
    let owner = root.roles().await.map_err(|error| fail(&error))?.remove(0);
    let database = root.databases().await.map_err(|error| fail(&error))?.remove(0);
    let names = Names {
        project: project.name.to_string(),
        prefix: format!("c{client}-"),
        owner: owner.name.id().to_string(),
    };
    let first = (database.name.id().to_string(), database.postgres_database.clone());
    let mut model = Model::new(names.clone(), first);
    let private = |call: &&Call| sharing == Sharing::Server || rules::is_private(call);
    for call in calls.iter().filter(private) {
        let violations = model.apply(call);
        match call.send(lakebase, &names).await {
            Ok(()) if violations.is_empty() => {}
            Err(answer) if violations.iter().any(|rule| rule.explains(&answer)) => {}
            answer => {
                let answer = answer.map_err(|answer| answer.to_string());
                let text = format!(
                    "client {client}, {call:?}: {answer:?}, violations are {violations:?}\n{model:#?}"
                );
                return Err(TestCaseError::fail(text));
            }
        }
    }
    compare(project, &names, &model).await.map_err(TestCaseError::fail)
}

/// The API and PostgreSQL both show what the model has.
pub(crate) async fn compare(project: &ProjectInfo, names: &Names, model: &Model) -> Result<(), String> {
    let root = names.id(Branch::Root);
    let mine = |id: &str| id == root || id.starts_with(&names.prefix);
    let project = project.handle().get().await.map_err(describe)?;
    let branches = project.branches().await.map_err(describe)?;
    let branches: BTreeMap<_, _> =
        branches.into_iter().map(|b| (b.id().to_string(), b)).filter(|(id, _)| mine(id)).collect();
    let ids = |keys: Vec<&String>| keys.into_iter().cloned().collect::<BTreeSet<_>>();
    same("branches", "", ids(branches.keys().collect()), ids(model.branches.keys().collect()))?;
    for (id, branch) in &branches {
        let wanted = &model.branches[id];
        let source = branch.source_branch.as_ref().map(|source| source.id().to_string());
        same("source", id, source, wanted.source.clone())?;
        same("protection", id, branch.is_protected, wanted.protected)?;
        same("expiry", id, branch.expire_time.is_some(), wanted.expires)?;
        same("default", id, branch.is_default, model.default == *id)?;
        let roles = branch.roles().await.map_err(describe)?;
        let roles: BTreeSet<_> = roles.iter().map(|role| role.name.id().to_string()).collect();
        same("roles", id, &roles, &wanted.roles.iter().cloned().collect())?;
        let databases = branch.databases().await.map_err(describe)?;
        let databases: BTreeMap<_, _> = databases
            .iter()
            .map(|database| {
                let owner = database.role.as_ref().map(|role| role.id().to_string()).unwrap_or_default();
                (database.name.id().to_string(), (database.postgres_database.clone(), owner))
            })
            .collect();
        same("databases", id, &databases, &wanted.databases)?;

        let mut session = branch.connect().await.map_err(describe)?;
        let sql = "SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'role\\__'";
        let found: Vec<String> =
            sqlx::query_scalar(sql).fetch_all(&mut session).await.map_err(|error| error.to_string())?;
        let roles: BTreeSet<_> = wanted.roles.iter().filter_map(|id| rules::postgres_role(id)).collect();
        same("roles of PostgreSQL", id, found.into_iter().collect(), roles)?;
        let sql = "SELECT datname::text, pg_get_userbyid(datdba)::text FROM pg_database WHERE datname LIKE 'db\\__'";
        let found: Vec<(String, String)> =
            sqlx::query_as(sql).fetch_all(&mut session).await.map_err(|error| error.to_string())?;
        let own = wanted.databases.values().filter(|(name, _)| name.starts_with("db_"));
        let databases: BTreeSet<_> =
            own.cloned().map(|(name, owner)| (name, owner.replace('-', "_"))).collect();
        let found = found.into_iter().map(|(name, owner)| {
            let made = owner.starts_with("role_");
            (name, if made { owner } else { names.owner.replace('-', "_") })
        });
        same("databases of PostgreSQL", id, found.collect(), databases)?;
        let _ = session.close().await;
    }
    Ok(())
}

fn describe(error: lakebase::Error) -> String {
    format!("{error:?}")
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, branch: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("{what} of {branch:?}: {found:?} instead of {wanted:?}"))
}
