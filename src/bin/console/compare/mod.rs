//! Two branches compared: their schemas side by side, and the plan that takes one to the other.

pub(super) mod drift;
mod pairs;
mod plan;
pub(super) mod rehearsal;
pub(super) mod rows;
mod unified;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use lakebase::{Branch, model::BranchInfo, schema::SchemaDiff};
use serde::Deserialize;

use super::{
    App,
    failure::{Failure, Result},
    frame::{Frame, rendered},
};
use pairs::{Pair, paired};
use plan::PlanView;
use unified::{Block, Sign};

/// Up to this number of objects, all are open at first.
const OPEN: usize = 40;

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default)]
    branch: String,
    #[serde(default)]
    against: String,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct ComparePage {
    page: Frame,
    project: String,
    choice: Choice,
    branches: Vec<String>,
    found: Option<Comparison>,
}

/// A comparison as it is shown.
struct Comparison {
    is_same: bool,
    objects: Objects,
    plan: PlanView,
}

/// The objects that differ, by their kinds.
struct Objects {
    /// Numbers of new, changed, renamed and removed objects.
    counts: Vec<(&'static str, usize)>,
    groups: Vec<(String, Vec<ObjectView>)>,
    all: usize,
    notes: Vec<String>,
}

struct ObjectView {
    title: String,
    action: &'static str,
    added: usize,
    removed: usize,
    is_open: bool,
    pairs: Vec<Pair>,
}

impl Comparison {
    fn of(diff: &SchemaDiff) -> Self {
        Self { is_same: diff.is_empty(), objects: Objects::of(diff), plan: PlanView::of(diff) }
    }
}

impl Objects {
    fn of(diff: &SchemaDiff) -> Self {
        let unified = unified::read(diff.to_string().lines(), 0);
        let is_open = unified.blocks.len() <= OPEN;
        let counted =
            |action| (action, unified.blocks.iter().filter(|block| block.action() == action).count());
        let counts = ["new", "changed", "renamed", "removed"].map(counted);
        let mut groups: Vec<(String, Vec<ObjectView>)> = Vec::new();
        for block in &unified.blocks {
            let object = ObjectView::of(block, is_open);
            match groups.iter_mut().find(|(kind, _)| *kind == block.kind) {
                Some((_, objects)) => objects.push(object),
                None => groups.push((block.kind.clone(), vec![object])),
            }
        }
        Self {
            counts: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
            all: unified.blocks.len(),
            groups,
            notes: unified.notes,
        }
    }
}

impl ObjectView {
    fn of(block: &Block, is_open: bool) -> Self {
        Self {
            title: block.title.clone(),
            action: block.action(),
            added: block.count(Sign::New),
            removed: block.count(Sign::Old),
            is_open,
            pairs: paired(&block.rows),
        }
    }
}

/// A branch that can be connected to. Where nothing may be changed, none gets an endpoint that it has not.
async fn connectable(app: &App, project: &str, id: &str) -> Result<Branch> {
    let branch = app.options.lakebase.project(project)?.branch(id)?;
    if !app.options.allow_changes && branch.read_write_endpoint().await?.is_none() {
        let line =
            format!("Branch {id} has no endpoint, and one would have to be created to read its schema.");
        return Err(Failure::invalid(line).help("start the console with `lakebase console --allow-changes`"));
    }
    Ok(branch)
}

async fn diff(app: &App, project: &str, choice: &Choice) -> Result<SchemaDiff> {
    let (branch, against) = choice.sides(app, project).await?;
    Ok(branch.compare_schema(&against).await?)
}

impl Choice {
    fn is_complete(&self) -> bool {
        !self.branch.is_empty() && !self.against.is_empty()
    }

    /// The handles of both branches, which can be connected to.
    async fn sides(&self, app: &App, project: &str) -> Result<(Branch, Branch)> {
        tokio::try_join!(connectable(app, project, &self.branch), connectable(app, project, &self.against))
    }
}

/// The choice of a page.
struct Asked {
    /// With a branch and its source where none is given.
    choice: Choice,
    /// The ids of all branches, the default one first.
    branches: Vec<String>,
    /// The branches to compare; `None` where they are proposed only.
    sides: Option<(Branch, Branch)>,
}

impl Asked {
    async fn of(app: &App, project: &str, mut choice: Choice) -> Result<Self> {
        let sides = if choice.is_complete() { Some(choice.sides(app, project).await?) } else { None };
        let mut branches = app.options.lakebase.project(project)?.branches().await?;
        branches.sort_by(|a, b| (!a.is_default, &a.name).cmp(&(!b.is_default, &b.name)));
        if choice.branch.is_empty() {
            choice.branch = youngest(&branches).map(|branch| branch.id().to_string()).unwrap_or_default();
        }
        if choice.against.is_empty() {
            let of = branches.iter().find(|branch| branch.id().as_str() == choice.branch);
            let source = of.and_then(|branch| branch.source_branch.as_ref());
            let default = || branches.first().map(|branch| branch.id().to_string());
            choice.against =
                source.map(|source| source.id().to_string()).or_else(default).unwrap_or_default();
        }
        let branches = branches.iter().map(|branch| branch.id().to_string()).collect();
        Ok(Self { choice, branches, sides })
    }
}

/// `GET /p/{project}/compare?branch=…&against=…`
pub(super) async fn page(
    State(app): State<App>,
    page: Frame,
    Path(project): Path<String>,
    Query(choice): Query<Choice>,
) -> Result<Response> {
    let Asked { choice, branches, sides } = Asked::of(&app, &project, choice).await?;
    let found = match sides {
        Some((branch, against)) => Some(Comparison::of(&branch.compare_schema(&against).await?)),
        None => None,
    };
    let title = match &found {
        Some(_) => format!("{} compared with {}", choice.branch, choice.against),
        None => "Compare branches".to_owned(),
    };
    let page = page.title(title).of(&project, "compare");
    rendered(&ComparePage { page, project, choice, branches, found })
}

/// The branch that is most likely to be compared.
fn youngest(branches: &[BranchInfo]) -> Option<&BranchInfo> {
    branches.iter().filter(|branch| branch.source_branch.is_some()).max_by_key(|branch| branch.create_time)
}

/// `GET /p/{project}/compare/{file}`: the plan as SQL, or the difference as Markdown.
pub(super) async fn download(
    State(app): State<App>,
    _: Frame,
    Path((project, file)): Path<(String, String)>,
    Query(choice): Query<Choice>,
) -> Result<Response> {
    let kind = match file.as_str() {
        "plan.sql" | "migration.sql" => "application/sql; charset=utf-8",
        "difference.md" => "text/markdown; charset=utf-8",
        _ => return Err(Failure::missing("There is no such file.")),
    };
    let diff = diff(&app, &project, &choice).await?;
    let plan = || diff.migration().map_err(|error| Failure::invalid(error.to_string()));
    let text = match file.as_str() {
        "plan.sql" => plan()?.to_sql(),
        "migration.sql" => plan()?.to_migration(),
        _ => diff.markdown(),
    };
    let name = format!("attachment; filename=\"{}-{file}\"", choice.branch);
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)], text).into_response())
}
