//! The rehearsal of a migration: its effects on a temporary branch.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use lakebase::{
    migrate::{Migration, Rehearsal},
    schema::LockMode,
};
use serde::Deserialize;

use super::{
    Choice, Objects, diff,
    plan::{self, HazardView, LockView},
};
use crate::console::{
    App,
    branch::Place,
    failure::{Failure, Result},
    frame::{Change, Frame, rendered, to_its_end},
    text,
};

/// The id of the migration in reports; it is never recorded on a branch that stays.
const ID: &str = "rehearsal";

#[derive(Deserialize)]
pub(in crate::console) struct Proposal {
    /// The branch whose plan is proposed; none where it is empty.
    #[serde(default)]
    from: String,
}

#[derive(Deserialize)]
pub(in crate::console) struct Text {
    sql: String,
}

#[derive(Template)]
#[template(path = "rehearsal.html")]
struct RehearsalPage {
    page: Frame,
    place: Place,
    sql: String,
    failed: Option<Failure>,
    found: Option<Report>,
}

/// The result of a rehearsal, as it is shown.
struct Report {
    took: String,
    statements: Vec<StatementView>,
    /// Locks that other sessions wait for, with the line of the statement and the time.
    locks: Vec<(usize, LockView, String)>,
    /// Tables that were rewritten, with their sizes.
    rewrites: Vec<(String, String)>,
    hazards: Vec<HazardView>,
    objects: Objects,
    markdown: String,
}

struct StatementView {
    line: usize,
    sql: String,
    rows: u64,
    took: String,
    is_transactional: bool,
}

impl Report {
    fn of(found: &Rehearsal) -> Self {
        let statements = found.applied.migrations.iter().flat_map(|migration| &migration.statements);
        // Locks below this one stop neither reads nor writes.
        let locks = found.locks.iter().filter(|lock| lock.mode >= LockMode::Share);
        Self {
            took: text::took(found.duration),
            statements: statements
                .map(|statement| StatementView {
                    line: statement.line,
                    sql: statement.sql.clone(),
                    rows: statement.rows,
                    took: text::took(statement.duration),
                    is_transactional: statement.transactional,
                })
                .collect(),
            locks: locks
                .map(|lock| (lock.line, LockView::of(lock.mode, &lock.relation), text::took(lock.held)))
                .collect(),
            rewrites: found
                .rewrites
                .iter()
                .map(|rewrite| (rewrite.relation.clone(), text::size(rewrite.bytes)))
                .collect(),
            hazards: found.hazards.iter().map(plan::hazard).collect(),
            objects: Objects::of(&found.diff),
            markdown: found.markdown(),
        }
    }
}

fn title(place: &Place) -> String {
    format!("Rehearsal on {}", place.branch)
}

/// `GET …/rehearse?from=…`: asks for the SQL, and proposes the plan that makes the branch what another one is.
pub(in crate::console) async fn ask(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
    Query(Proposal { from }): Query<Proposal>,
) -> Result<Response> {
    place.handle(&app)?.get().await?;
    let sql = if from.is_empty() {
        String::new()
    } else {
        let choice = Choice { branch: from, against: place.branch.clone() };
        let plan = diff(&app, &place.project, &choice).await?.migration();
        plan.map_err(|error| Failure::invalid(error.to_string()))?.to_migration()
    };
    let page = page.title(title(&place)).of(&place.project, "branches");
    rendered(&RehearsalPage { page, place, sql, failed: None, found: None })
}

/// `POST …/rehearse`
pub(in crate::console) async fn show(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
    change: Change<Text>,
) -> Result<Response> {
    let sql = change.fields.sql;
    if sql.trim().is_empty() {
        return Err(Failure::invalid("There is no SQL to rehearse."));
    }
    let branch = place.handle(&app)?;
    let migration = Migration::new(ID, &sql);
    let rehearsed = to_its_end(async move { branch.rehearse(&migration).await }).await;
    let page = page.title(title(&place)).of(&place.project, "branches");
    let (status, failed, found) = match rehearsed {
        Ok(found) => (axum::http::StatusCode::OK, None, Some(Report::of(&found))),
        // The SQL stays in the form, to be mended.
        Err(failure) => (failure.status, Some(failure), None),
    };
    Ok((status, rendered(&RehearsalPage { page, place, sql, failed, found })?).into_response())
}
