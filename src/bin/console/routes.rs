//! The addresses of the console.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use super::{App, access, assets, branch, compare, failure::Failure, frame, login, overview};

/// Far above any form here, in bytes: the largest is the text of a migration.
const LARGEST_FORM: usize = 4 * 1024 * 1024;

pub(super) fn router(app: App) -> Router {
    let at = |path: &str| format!("{}{path}", app.base);
    let of_project = |path: &str| at(&format!("/p/{{project}}{path}"));
    let of_branch = |path: &str| of_project(&format!("/b/{{branch}}{path}"));
    let pages = Router::new()
        .route(&at("/"), get(overview::home))
        .route(&of_project(""), get(overview::project))
        .route(&of_project("/picture"), get(overview::picture))
        .route(&of_project("/branches"), post(branch::actions::create))
        .route(&of_project("/compare"), get(compare::page))
        .route(&of_project("/compare/{file}"), get(compare::download))
        .route(&of_project("/rows"), get(compare::rows::page))
        .route(&of_branch(""), get(branch::page))
        .route(&of_branch("/state"), get(branch::state))
        .route(&of_branch("/password"), post(branch::connect::password))
        .route(&of_branch("/extend"), post(branch::actions::extend))
        .route(&of_branch("/protect"), post(branch::actions::protect))
        .route(&of_branch("/undelete"), post(branch::actions::undelete))
        .route(&of_branch("/reset"), get(branch::confirm::reset).post(branch::actions::reset))
        .route(&of_branch("/restore"), get(branch::confirm::restore).post(branch::actions::restore))
        .route(&of_branch("/delete"), get(branch::confirm::delete).post(branch::actions::delete))
        .route(&of_branch("/drift"), get(compare::drift::ask).post(compare::drift::show))
        .route(&of_branch("/rehearse"), get(compare::rehearsal::ask).post(compare::rehearsal::show))
        .layer(from_fn_with_state(app.clone(), access::require_session));
    Router::new()
        .route(&at("/login"), get(login::log_in))
        .route(&at("/assets/{name}"), get(assets::file))
        .merge(pages)
        .fallback(async || Failure::missing("There is no such page."))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn_with_state(app.clone(), frame::show_failure))
        .layer(from_fn_with_state(app.clone(), access::check))
        .with_state(app)
}
