//! Changes of branches.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::Utc;
use lakebase::{Expiry, days, hours, name::BranchId};
use serde::Deserialize;

use super::{Place, text};
use crate::console::{
    App,
    failure::{Failure, Result},
    frame::{Change, to_its_end},
};

#[derive(Deserialize)]
pub(in crate::console) struct New {
    id: String,
    from: String,
    lifetime: String,
    #[serde(default)]
    at: String,
}

#[derive(Deserialize)]
pub(in crate::console) struct Extension {
    lifetime: String,
}

#[derive(Deserialize)]
pub(in crate::console) struct Protection {
    protected: String,
}

#[derive(Deserialize)]
pub(in crate::console) struct Moment {
    at: String,
}

/// No fields but the session's.
#[derive(Deserialize)]
pub(in crate::console) struct Nothing {}

/// A lifetime from the list of the forms; none is never.
fn lifetime(text: &str) -> Result<Option<Duration>> {
    Ok(match text {
        "1h" => Some(hours(1)),
        "4h" => Some(hours(4)),
        "24h" => Some(hours(24)),
        "7d" => Some(days(7)),
        "30d" => Some(days(30)),
        "never" => None,
        _ => {
            let rule = format!("'{text}' is no lifetime; choose 1h, 4h, 24h, 7d, 30d or never");
            return Err(Failure::invalid(rule));
        }
    })
}

/// `POST /p/{project}/branches`
pub(in crate::console) async fn create(
    State(app): State<App>,
    Path(project): Path<String>,
    change: Change<New>,
) -> Result<Response> {
    let New { id, from, lifetime: ttl, at } = &change.fields;
    let source = app.options.lakebase.project(project.as_str())?.branch(from.as_str())?;
    let expiry = lifetime(ttl)?.map_or(Expiry::Never, Expiry::after);
    let id = BranchId::new(id.trim()).map_err(lakebase::Error::from)?;
    let mut request = source.create_branch(id.clone(), expiry);
    if !at.is_empty() {
        let time = text::from_field(at).ok_or_else(|| Failure::invalid(format!("'{at}' is no time")))?;
        request = request.at_time(time);
    }
    to_its_end(async move { request.await }).await?;
    Ok(change.done(&format!("/p/{project}/b/{id}"), format!("Created {id} from {from}")))
}

/// `POST …/extend`
pub(in crate::console) async fn extend(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Extension>,
) -> Result<Response> {
    let lifetime = lifetime(&change.fields.lifetime)?;
    // Counted from now, whenever the branch was created.
    let expiry = lifetime.map_or(Expiry::Never, |ttl| Expiry::at(Utc::now() + ttl));
    let request = place.handle(&app)?.update().expiry(expiry);
    let branch = to_its_end(async move { request.await }).await?;
    let expires = text::expiry(branch.expire_time, Utc::now());
    Ok(change.done(&place.path(), format!("{} {expires}", place.branch)))
}

/// `POST …/protect`
pub(in crate::console) async fn protect(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Protection>,
) -> Result<Response> {
    let protected = change.fields.protected == "yes";
    let request = place.handle(&app)?.update().protected(protected);
    to_its_end(async move { request.await }).await?;
    let now = if protected { "is protected" } else { "is not protected any more" };
    Ok(change.done(&place.path(), format!("{} {now}", place.branch)))
}

/// `POST …/reset`
pub(in crate::console) async fn reset(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Nothing>,
) -> Result<Response> {
    let request = place.handle(&app)?.reset();
    to_its_end(async move { request.await }).await?;
    Ok(change.done(&place.path(), format!("{} is what its source is now", place.branch)))
}

/// `POST …/restore`
pub(in crate::console) async fn restore(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Moment>,
) -> Result<Response> {
    let at = &change.fields.at;
    let time = text::from_field(at).ok_or_else(|| Failure::invalid(format!("'{at}' is no time")))?;
    let request = place.handle(&app)?.restore_to(time);
    let restored = to_its_end(async move { request.await }).await?;
    let notice = format!(
        "{} is as it was at {}; what was there is in {}",
        place.branch,
        text::moment(time),
        restored.kept.id()
    );
    Ok(change.done(&place.path(), notice))
}

/// `POST …/delete`
pub(in crate::console) async fn delete(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Nothing>,
) -> Result<Response> {
    let request = place.handle(&app)?.delete();
    to_its_end(async move { request.await }).await?;
    Ok(change.done(&format!("/p/{}", place.project), format!("Deleted {}", place.branch)))
}

/// `POST …/undelete`
pub(in crate::console) async fn undelete(
    State(app): State<App>,
    Path(place): Path<Place>,
    change: Change<Nothing>,
) -> Result<Response> {
    let request = place.handle(&app)?.undelete();
    to_its_end(async move { request.await }).await?;
    Ok(change.done(&place.path(), format!("{} is back", place.branch)))
}
