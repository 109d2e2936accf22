//! `lakebase completions` and `lakebase man`.

use std::{fs, path::PathBuf};

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::{
    failure::{Failure, Result, Status, cannot},
    global::Global,
    output,
};

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell [default: that of $SHELL]
    shell: Option<Shell>,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write a page for each command into this directory [default: the first page to standard output]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn completions(
    global: &Global,
    completions: &Completions,
    mut program: clap::Command,
) -> Result<Status> {
    let Some(shell) = completions.shell.or_else(Shell::from_env) else {
        return Err(Failure::new("SHELL names no known shell").help("name it: lakebase completions bash"));
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, "lakebase", &mut script);
    let script = String::from_utf8(script)?;
    if global.json {
        output::print_json(&json!({"shell": shell.to_string(), "script": script}))?;
    } else {
        output::print(script)?;
    }
    Ok(Status::Success)
}

pub(crate) fn man(global: &Global, man: &Man, program: clap::Command) -> Result<Status> {
    let Some(dir) = &man.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(program).render(&mut page)?;
        let page = String::from_utf8(page)?;
        if global.json {
            output::print_json(&json!({"page": page}))?;
        } else {
            output::print(page)?;
        }
        return Ok(Status::Success);
    };
    let written = fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(program, dir));
    written.map_err(|error| cannot(format_args!("write pages into {}", dir.display()), &error))?;
    if global.json {
        output::print_json(&json!({"dir": dir}))?;
    } else {
        output::done(format_args!("pages are in {}", dir.display()));
    }
    Ok(Status::Success)
}
