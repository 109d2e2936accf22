//! The page that says what a change that deletes data takes along, before it is made.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;

use super::{Place, children, text};
use crate::console::{
    App,
    failure::{Failure, Result},
    frame::{Frame, rendered},
};

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    page: Frame,
    place: Place,
    /// The end of the address that the form is sent to.
    action: &'static str,
    heading: String,
    losses: Vec<String>,
    /// Reasons for which the service will refuse it.
    obstacles: Vec<String>,
    stays: String,
    /// The moment of a restore.
    at: String,
    button: &'static str,
}

/// `GET …/delete`
pub(in crate::console) async fn delete(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
) -> Result<Response> {
    let handle = place.handle(&app)?;
    let (branch, endpoints, roles, databases, all) = tokio::try_join!(
        handle.get(),
        handle.endpoints().into_future(),
        handle.roles().into_future(),
        handle.databases().into_future(),
        handle.project().branches().into_future(),
    )?;
    let names = |names: Vec<String>| names.join(", ");
    let mut losses = vec![format!("its data, {}", text::size(branch.logical_size_bytes))];
    let databases: Vec<String> = databases.into_iter().map(|database| database.postgres_database).collect();
    losses.push(format!("{}: {}", text::count(databases.len(), "database", "databases"), names(databases)));
    let roles: Vec<String> = roles.into_iter().map(|role| role.postgres_role).collect();
    losses.push(format!("{}: {}", text::count(roles.len(), "role", "roles"), names(roles)));
    let endpoints: Vec<String> = endpoints.iter().map(|endpoint| endpoint.id().to_string()).collect();
    losses.push(format!(
        "{}, with the sessions of their clients: {}",
        text::count(endpoints.len(), "endpoint", "endpoints"),
        names(endpoints)
    ));
    let mut obstacles = Vec::new();
    let children = children(&branch, &all);
    if !children.is_empty() {
        let number = text::count(children.len(), "branch was", "branches were");
        obstacles.push(format!("{number} made from it, and must be deleted first: {}", names(children)));
    }
    if branch.is_default {
        obstacles.push("It is the default branch of the project.".to_owned());
    }
    if branch.is_protected {
        obstacles.push("It is protected; take the protection away first.".to_owned());
    }
    let stays = "The service keeps a deleted branch for some days; until then it can be brought back from the page of \
                 the project."
        .to_owned();
    rendered(&Confirm {
        page: page.title(format!("Delete {}", place.branch)).of(&place.project, "branches"),
        heading: format!("Delete branch {}?", place.branch),
        action: "delete",
        losses,
        obstacles,
        stays,
        at: String::new(),
        button: "Delete the branch",
        place,
    })
}

/// `GET …/reset`
pub(in crate::console) async fn reset(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
) -> Result<Response> {
    let branch = place.handle(&app)?.get().await?;
    let source = branch.source()?.id().to_string();
    let since = branch.source_branch_time.or(branch.create_time).map(text::moment).unwrap_or_default();
    let obstacles =
        branch.is_protected.then(|| "It is protected; take the protection away first.".to_owned());
    rendered(&Confirm {
        page: page.title(format!("Reset {}", place.branch)).of(&place.project, "branches"),
        heading: format!("Reset branch {} to the present state of {source}?", place.branch),
        action: "reset",
        losses: vec![
            format!("all rows and schema changes made on it since {since}"),
            "the sessions of its clients".to_owned(),
        ],
        obstacles: obstacles.into_iter().collect(),
        stays: "Its name, endpoints and connection strings stay.".to_owned(),
        at: String::new(),
        button: "Reset the branch",
        place,
    })
}

#[derive(Deserialize)]
pub(in crate::console) struct Moment {
    #[serde(default)]
    at: String,
}

/// `GET …/restore?at=…`
pub(in crate::console) async fn restore(
    State(_): State<App>,
    page: Frame,
    Path(place): Path<Place>,
    Query(Moment { at }): Query<Moment>,
) -> Result<Response> {
    let time = text::from_field(&at).ok_or_else(|| Failure::invalid(format!("'{at}' is no time")))?;
    rendered(&Confirm {
        page: page.title(format!("Restore {}", place.branch)).of(&place.project, "branches"),
        heading: format!("Restore branch {} to {}?", place.branch, text::moment(time)),
        action: "restore",
        losses: vec![format!("rows and schema changes made after {}, on this branch", text::moment(time))],
        obstacles: Vec::new(),
        stays: "A new branch, named restored- and the present time, keeps what is there now. Sessions go on; they wait \
                while tables are locked."
            .to_owned(),
        at,
        button: "Restore the branch",
        place,
    })
}
