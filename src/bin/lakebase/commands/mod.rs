//! The commands, one file for each group.

pub(crate) mod branch;
pub(crate) mod connect;
pub(crate) mod console;
pub(crate) mod data;
pub(crate) mod diff;
mod doctor;
pub(crate) mod git;
pub(crate) mod init;
#[cfg(feature = "local")]
pub(crate) mod local;
pub(crate) mod manual;
pub(crate) mod mask;
pub(crate) mod migrate;
pub(crate) mod pr;
pub(crate) mod run;
mod tree;

use clap::CommandFactory as _;

use crate::{
    arguments::{Arguments, Command, InProject},
    failure::{Result, Status},
    session::Session,
};

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> Result<Status> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Git(command) => git::run(global, command).await,
        Command::Init(init) => init::run(global, init).await,
        Command::Doctor => doctor::run(global).await,
        #[cfg(feature = "local")]
        Command::Local(command) => local::run(global, command).await,
        Command::Completions(options) => manual::completions(global, options, Arguments::command()),
        Command::Man(man) => manual::man(global, man, Arguments::command()),
        Command::InProject(command) => {
            let session = Session::open(global).await?;
            match in_project(&session, command).await {
                Err(failure) if failure.is_not_found() => Err(session.missing(failure).await),
                done => done,
            }
        }
    }
}

/// Runs a command that is about a project.
async fn in_project(session: &Session, command: &InProject) -> Result<Status> {
    match command {
        InProject::Tree => tree::tree(session).await,
        InProject::Branches => tree::branches(session).await,
        InProject::Branch(command) => branch::run(session, command).await,
        InProject::Psql(psql) => run::psql(session, psql).await,
        InProject::Url(url) => connect::url(session, url).await,
        InProject::Env(env) => connect::env(session, env).await,
        InProject::Exec(exec) => run::exec(session, exec).await,
        InProject::Diff(diff) => diff::diff(session, diff).await,
        InProject::Drift(drift) => diff::drift(session, drift).await,
        InProject::Data(command) => data::run(session, command).await,
        InProject::Mask(command) => mask::run(session, command).await,
        InProject::Migrate(command) => migrate::run(session, command).await,
        InProject::Pr(command) => pr::run(session, command).await,
        InProject::Console(options) => console::run(session, options).await,
    }
}
