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

use crate::{
    arguments::{Arguments, Command},
    failure::{Result, Status},
    session::Session,
};

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments) -> Result<Status> {
    let global = &arguments.global;
    let open = || Session::open(global);
    match &arguments.command {
        Command::Tree => tree::tree(&open().await?).await,
        Command::Branches => tree::branches(&open().await?).await,
        Command::Branch(command) => branch::run(&open().await?, command).await,
        Command::Psql(psql) => run::psql(&open().await?, psql).await,
        Command::Url(url) => connect::url(&open().await?, url).await,
        Command::Env(env) => connect::env(&open().await?, env).await,
        Command::Exec(exec) => run::exec(&open().await?, exec).await,
        Command::Diff(diff) => diff::diff(&open().await?, diff).await,
        Command::Drift(drift) => diff::drift(&open().await?, drift).await,
        Command::Data(command) => data::run(&open().await?, command).await,
        Command::Mask(command) => mask::run(&open().await?, command).await,
        Command::Migrate(command) => migrate::run(&open().await?, command).await,
        Command::Pr(command) => pr::run(&open().await?, command).await,
        Command::Git(command) => git::run(global, command).await,
        Command::Console(options) => console::run(&open().await?, options).await,
        Command::Init(init) => init::run(global, init).await,
        Command::Doctor => doctor::run(global).await,
        #[cfg(feature = "local")]
        Command::Local(command) => local::run(global, command).await,
        Command::Completions(completions) => manual::completions(global, completions),
        Command::Man(man) => manual::man(global, man),
    }
}
