//! `lakebase mask …`, and the rules of `lakebase branch create --mask`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use lakebase::data::mask::Rules;
use serde_json::json;

use crate::{
    failure::{Failure, Result, Status, cannot},
    output, progress,
    session::Session,
};

/// The environment variable with the key of the masks, which is no argument because those are visible to other users.
const KEY: &str = "LAKEBASE_MASK_KEY";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check that rules can be applied and cover every column that looks personal; exit status 1 where they do not
    Check {
        /// The branch
        branch: Option<String>,
        /// The file with the rules
        #[arg(long, short, value_name = "FILE", default_value = "masking.toml")]
        rules: PathBuf,
    },
}

pub(crate) async fn run(session: &Session, command: &Command) -> Result<Status> {
    let Command::Check { branch, rules } = command;
    let rules = read(rules)?;
    let branch = session.branch_or_default(branch.as_deref()).await?;
    let label = format!("checking the masks of {}", branch.id());
    let report = progress::reading(&label, branch.check_masking(&rules)).await?;
    if session.json {
        output::print_json(&json!({
            "branch": branch.name, "clean": report.is_clean(), "findings": report.findings,
            "unmasked": report.unmasked,
        }))?;
    } else if report.is_clean() {
        output::done(format_args!("the rules cover what looks personal in {}", branch.id()));
        for table in &report.unmasked {
            output::done(format_args!("{table}: not masked"));
        }
    } else {
        output::print(&report)?;
    }
    Ok(Status::of(report.is_clean()))
}

/// Reads rules, with the key from the environment where there is one.
pub(crate) fn read(file: &Path) -> Result<Rules> {
    let shown = file.display();
    let help = "the guide about data shows a file of rules";
    let text = std::fs::read_to_string(file);
    let text =
        text.map_err(|error| cannot(format_args!("read the rules in '{shown}'"), &error).help(help))?;
    let rules = Rules::from_toml(&text);
    let rules = rules.map_err(|error| Failure::new(format!("the rules in '{shown}': {error}")).help(help))?;
    Ok(match std::env::var(KEY) {
        Ok(key) if !key.is_empty() => rules.key(key.into()),
        _ => rules,
    })
}
