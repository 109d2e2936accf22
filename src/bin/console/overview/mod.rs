//! The branches of a project as a picture.

mod axis;
mod layout;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use chrono::{DateTime, Utc};
use lakebase::model::{BranchInfo, ProjectInfo};
use serde::Deserialize;

use super::{
    App,
    failure::Result,
    frame::{Frame, rendered},
    text,
};
use axis::{Axis, Span};
use layout::Row;
pub(super) use layout::state_class;

/// Deleted branches that are listed.
const DELETED: usize = 20;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    page: Frame,
    projects: Vec<ProjectInfo>,
}

/// `GET /`: the projects, or the only one.
pub(super) async fn home(State(app): State<App>, page: Frame) -> Result<Response> {
    if let Some(id) = &app.options.project {
        return Ok(Redirect::to(&format!("{}/p/{id}", app.base)).into_response());
    }
    let projects = app.options.lakebase.projects().await?;
    if let [only] = projects.as_slice() {
        return Ok(Redirect::to(&format!("{}/p/{}", app.base, only.name.id())).into_response());
    }
    rendered(&Home { page: page.title("Projects"), projects })
}

#[derive(Deserialize)]
pub(super) struct Choice {
    /// Only branches whose id contains this.
    #[serde(default)]
    q: String,
    #[serde(default)]
    span: Span,
    /// The version of the picture that the page has.
    #[serde(default)]
    v: String,
}

/// The rows of the picture over their axis.
#[derive(Template)]
#[template(path = "picture.html")]
struct Picture {
    base: String,
    project: String,
    query: String,
    span: Span,
    axis: Axis,
    rows: Vec<Row>,
    all: usize,
    /// Changes with the picture.
    version: String,
    /// Seconds between two looks.
    every: u32,
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage {
    page: Frame,
    project: ProjectInfo,
    picture: Picture,
    /// Such as `12 branches · 1.2 GB`.
    amount: String,
    /// Ids of deleted branches that are still kept, and when each was deleted.
    deleted: Vec<(String, String)>,
    /// Ids of the branches that others can be made from.
    sources: Vec<String>,
    default: String,
}

impl Picture {
    async fn of(app: &App, project: &str, choice: &Choice) -> Result<(Self, Vec<BranchInfo>)> {
        let branches = app.options.lakebase.project(project)?.branches().show_deleted().await?;
        let (mut deleted, branches): (Vec<_>, Vec<_>) =
            branches.into_iter().partition(BranchInfo::is_deleted);
        // Its name is taken, so that it cannot come back.
        deleted.retain(|gone| !branches.iter().any(|branch| branch.name == gone.name));
        let picture = Self::draw(app, project, choice, &branches, Utc::now());
        Ok((picture, deleted))
    }

    fn draw(app: &App, project: &str, choice: &Choice, branches: &[BranchInfo], now: DateTime<Utc>) -> Self {
        let axis = Axis::over(branches, choice.span, now);
        let rows = layout::rows(branches, &axis, &choice.q);
        let mut picture = Self {
            base: app.base.clone(),
            project: project.to_owned(),
            query: choice.q.clone(),
            span: choice.span,
            axis,
            rows,
            all: branches.len(),
            version: String::new(),
            every: if app.options.is_local { 2 } else { 10 },
        };
        picture.version = picture.render().map(|text| digest(&text)).unwrap_or_default();
        picture
    }
}

/// Tells two pictures apart; equal ones are not sent again.
fn digest(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// `GET /p/{project}`
pub(super) async fn project(
    State(app): State<App>,
    page: Frame,
    Path(project): Path<String>,
    Query(choice): Query<Choice>,
) -> Result<Response> {
    let info = app.options.lakebase.project(project.as_str())?.get().await?;
    let (picture, mut deleted) = Picture::of(&app, &project, &choice).await?;
    deleted.sort_by_key(|branch| std::cmp::Reverse(branch.delete_time));
    deleted.truncate(DELETED);
    let deleted = deleted.iter().map(|branch| {
        let time = branch.delete_time.map(|time| format!("deleted {}", text::moment(time)));
        (branch.id().to_string(), time.unwrap_or_default())
    });
    let deleted = deleted.collect();
    let mut amount = text::count(picture.all, "branch", "branches");
    if info.storage_size_bytes > 0 {
        amount.push_str(&format!(" · {}", text::size(info.storage_size_bytes)));
    }
    // The service refuses branches of one that expires.
    let sources = picture.rows.iter().filter(|row| row.line.end.is_none());
    let sources = sources.map(|row| row.id.clone()).collect();
    let default =
        picture.rows.iter().find(|row| row.is_default).map(|row| row.id.clone()).unwrap_or_default();
    let page = page.title(format!("Branches of {project}")).of(&project, "branches");
    rendered(&ProjectPage { page, project: info, picture, amount, deleted, sources, default })
}

/// `GET /p/{project}/picture`: the picture alone, or nothing where the page has it already.
pub(super) async fn picture(
    State(app): State<App>,
    _: Frame,
    Path(project): Path<String>,
    Query(choice): Query<Choice>,
) -> Result<Response> {
    let (picture, _) = Picture::of(&app, &project, &choice).await?;
    if picture.version == choice.v {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    rendered(&picture)
}
