//! The command line.

use clap::{Parser, Subcommand, builder::styling};

use crate::{commands, global::Global};

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Yellow.on_default().bold())
    .usage(styling::AnsiColor::Yellow.on_default().bold())
    .literal(styling::AnsiColor::Green.on_default())
    .placeholder(styling::AnsiColor::Cyan.on_default());

const AFTER: &str = "\
Which Lakebase: --local, --profile, the DATABRICKS_* variables, the profile of lakebase.toml, else the one that runs \
on this machine; standard error says which. A branch that is not given is that of LAKEBASE_BRANCH, of the git branch \
after `lakebase git install`, else the default one.

Exit status: 0 success; 1 the answer is no (a difference, a conflict, a check that failed); 2 an error; 130 Ctrl-C.";

/// Branches of a Lakebase: create, connect, compare, migrate
#[derive(Debug, Parser)]
#[command(name = "lakebase", version, styles = STYLES, after_help = AFTER, max_term_width = 100)]
#[command(infer_subcommands = false, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    InProject(InProject),
    /// A branch for each git branch
    #[command(subcommand)]
    Git(commands::git::Command),
    /// Choose or create a project and remember it in lakebase.toml
    Init(commands::init::Init),
    /// Check settings, login, PostgreSQL and this machine: each line is fine or says what to do
    Doctor,
    /// The Lakebase of this machine: serve, start, stop, status, pull
    #[cfg(feature = "local")]
    #[command(subcommand)]
    Local(commands::local::Command),
    /// Print the completion script of a shell
    Completions(commands::manual::Completions),
    /// Print the manual page, or write one for each command
    Man(commands::manual::Man),
}

/// Commands about one project.
#[derive(Debug, Subcommand)]
pub(crate) enum InProject {
    /// Draw the branches of the project as a tree
    Tree,
    /// List the branches of the project: source, expiry, size, state
    Branches,
    /// Create, read, reset, restore, prolong, protect or delete a branch
    #[command(subcommand)]
    Branch(commands::branch::Command),
    /// Run psql with a fresh credential
    Psql(commands::run::Psql),
    /// Print a connection URL with a password that is valid for an hour
    Url(commands::connect::Url),
    /// Print DATABASE_URL and PG* for a shell (eval "$(lakebase env)") or a .env file
    Env(commands::connect::Env),
    /// Run a program with DATABASE_URL and PG* in its environment
    Exec(commands::run::Exec),
    /// Compare the schema of a branch with that of another one; exit status 1 where they differ
    Diff(commands::diff::Diff),
    /// Show what a branch and its source changed since the branch was made; exit status 1 where they conflict
    Drift(commands::diff::Drift),
    /// Compare rows, and take them from branch to branch
    #[command(subcommand)]
    Data(commands::data::Command),
    /// Check the rules that hide personal data in a branch
    #[command(subcommand)]
    Mask(commands::mask::Command),
    /// Apply, rehearse and promote migrations
    #[command(subcommand)]
    Migrate(commands::migrate::Command),
    /// A branch for a pull request
    #[command(subcommand)]
    Pr(commands::pr::Command),
    /// Open a page for the branches, in the browser
    Console(commands::console::Console),
}

impl Command {
    /// The options of a server that is to run in this process.
    #[cfg(feature = "local")]
    pub(crate) fn served(&self) -> Option<&crate::serve::Serve> {
        match self {
            Self::Local(commands::local::Command::Serve(options)) => Some(options),
            _ => None,
        }
    }
}
