//! `lakebase tree` and `lakebase branches`.

use anstyle::Style;
use lakebase::model::{BranchInfo, BranchState};
use serde_json::json;

use crate::{
    failure::{Result, Status},
    json::{BranchJson, TreeJson},
    output::{self, BOLD, DIM, GREEN, YELLOW},
    progress,
    session::Session,
    table::{Cell, table},
    time::{expiry, size},
};

pub(crate) async fn tree(session: &Session) -> Result<Status> {
    let project = session.project().await?;
    let tree = progress::reading("reading the project", project.tree()).await?;
    if session.json {
        let roots: Vec<TreeJson> = tree.roots.iter().map(Into::into).collect();
        let project = &tree.project;
        output::print_json(&json!({
            "project": project.name.id(), "pg_version": project.pg_version, "branches": roots,
        }))?;
    } else {
        output::print(tree.colored())?;
    }
    Ok(Status::Success)
}

pub(crate) async fn branches(session: &Session) -> Result<Status> {
    let project = session.project().await?;
    let mut branches = progress::reading("listing branches", project.branches()).await?;
    // The default one first, then by name.
    branches.sort_by(|a, b| (!a.is_default, &a.name).cmp(&(!b.is_default, &b.name)));
    if session.json {
        output::print_json(&branches.iter().map(BranchJson::from).collect::<Vec<_>>())?;
    } else {
        output::print(table(
            ["branch", "state", "size", "source", "expires", ""],
            branches.iter().map(row).collect(),
        ))?;
    }
    Ok(Status::Success)
}

fn row(info: &BranchInfo) -> [Cell; 6] {
    let soon = info.expire_time.is_some_and(|time| (time - chrono::Utc::now()).num_hours() < 1);
    [
        Cell::new(info.id().as_str()).style(BOLD),
        Cell::new(info.state.as_str()).style(state(&info.state)),
        Cell::new(size(info.logical_size_bytes)).right(),
        Cell::new(info.source_branch.as_ref().map_or("", |source| source.id().as_str())),
        Cell::new(expiry(info.expire_time)).style(if soon { YELLOW } else { Style::new() }),
        Cell::new(marks(info)).style(DIM),
    ]
}

pub(crate) fn state(state: &BranchState) -> Style {
    if *state == BranchState::Ready { GREEN } else { YELLOW }
}

pub(crate) fn marks(info: &BranchInfo) -> String {
    let marks = [(info.is_default, "default"), (info.is_protected, "protected")];
    marks.into_iter().filter_map(|(set, mark)| set.then_some(mark)).collect::<Vec<_>>().join(", ")
}
