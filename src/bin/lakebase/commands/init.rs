//! `lakebase init`: chooses or creates a project and remembers it beside the code.

use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use clap::Args;
use lakebase::name::ProjectId;
use serde_json::json;

use crate::{
    confirm::{answer, confirm},
    failure::{Failure, Result, Status, cannot},
    global::Global,
    output::{self, BOLD},
    progress,
    session::Session,
    settings::{FILE, Settings},
    target::Origin,
};

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The project, which is created where it is missing [default: asked for]
    id: Option<ProjectId>,
    /// The directory of the migrations, to be remembered too
    #[arg(long, value_name = "DIR")]
    migrations: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, init: &Init) -> Result<Status> {
    let session = Session::open(global).await?;
    let here = env::current_dir().map_err(|error| cannot("find the current directory", &error))?;
    let file = here.join(FILE);
    let former = if session.settings.file.as_ref() == Some(&file) {
        session.settings.clone()
    } else {
        Settings::default()
    };
    let projects = progress::reading("listing projects", session.lakebase().projects()).await?;
    let ids: Vec<ProjectId> = projects.iter().map(|project| project.name.id().clone()).collect();
    let wanted = match init.id.clone().or_else(|| global.project.clone()) {
        Some(id) => id,
        None => chosen(&ids).await?,
    };
    if let Some(other) = former.project.as_ref().filter(|other| **other != wanted) {
        confirm(session.yes, &format!("{FILE} names the project {other}, and will name {wanted}")).await?;
    }
    let profile = match &session.target.origin {
        Origin::Profile(profile) => Some(profile.clone()),
        Origin::Local(_) | Origin::Environment(_) => None,
    };
    if let Some(other) = former.profile.as_ref().filter(|other| profile.as_ref() != Some(other)) {
        let now = profile.as_ref().map_or("none".to_owned(), |profile| format!("the profile {profile}"));
        confirm(
            session.yes,
            &format!("{FILE} names the profile {other}, and will name {now}: {}", session.target.description),
        )
        .await?;
    }
    let created = !ids.contains(&wanted);
    if created {
        if !session.target.is_local {
            let message =
                format!("project {wanted} is created in {}, where it is billed", session.target.description);
            confirm(session.yes, &message).await?;
        }
        let create = session.lakebase().create_project(&wanted).if_missing();
        progress::changing(&format!("creating project {wanted}"), create).await?;
    }
    let settings = Settings {
        project: Some(wanted.clone()),
        // A project is remembered with the Lakebase that it is in.
        profile,
        migrations: init.migrations.clone().or(former.migrations),
        file: None,
    };
    settings.write(&file)?;
    if session.json {
        output::print_json(&json!({"project": wanted, "created": created, "file": file}))?;
        return Ok(Status::Success);
    }
    if created {
        output::done(format_args!("created project {wanted}"));
    }
    output::done(format_args!("{FILE} remembers project {wanted}; it has no secret, so commit it"));
    output::note("next: lakebase tree, lakebase branch create dev --ttl 24h, lakebase psql dev");
    Ok(Status::Success)
}

/// Asks for one of the projects, or the id of a new one.
async fn chosen(ids: &[ProjectId]) -> Result<ProjectId> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let names: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let there =
            if names.is_empty() { String::new() } else { format!(" (there is {})", names.join(", ")) };
        return Err(Failure::new("no project is named, and there is no terminal to ask on")
            .help(format!("write `lakebase init ID`{there}; a project that is missing is created")));
    }
    for (number, id) in ids.iter().enumerate() {
        output::error(format_args!("  {BOLD}{}{BOLD:#}  {id}", number + 1));
    }
    let proposal = env::current_dir().ok().and_then(|dir| proposal(dir.file_name()?.to_str()?));
    loop {
        let question =
            if ids.is_empty() { "Id of the new project" } else { "A number, or the id of a new project" };
        let default = proposal.as_ref().map(|id| format!(" [{id}]")).unwrap_or_default();
        let mut stderr = anstream::stderr();
        write!(stderr, "{question}{default}: ").and_then(|()| stderr.flush())?;
        let Some(answer) = answer().await? else {
            return Err(Failure::new("nothing was chosen"));
        };
        let answer = answer.trim();
        if let Some(id) = proposal.as_ref().filter(|_| answer.is_empty()) {
            return Ok(id.clone());
        }
        if let Some(id) = answer.parse::<usize>().ok().and_then(|number| ids.get(number.checked_sub(1)?)) {
            return Ok(id.clone());
        }
        match answer.parse() {
            Ok(id) => return Ok(id),
            Err(error) => output::warn(error),
        }
    }
}

/// A directory's name as an id, where it can be one.
fn proposal(directory: &str) -> Option<ProjectId> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    directory.chars().map(plain).collect::<String>().trim_matches('-').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_directory_is_proposed() {
        assert_eq!(proposal("My Shop").unwrap().as_str(), "my-shop");
        assert_eq!(proposal("_web_app").unwrap().as_str(), "web-app");
        assert!(proposal("7").is_none());
    }
}
