//! Connection strings. The page has none with a password; one is generated when it is asked for.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lakebase::model::{EndpointInfo, EndpointType};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::{Place, text};
use crate::console::{
    App,
    failure::{Failure, Result},
    frame::{Posted, rendered},
};

/// The database that a page begins with, if the branch has it.
const USUAL: &str = "databricks_postgres";

/// A page does not wait longer for an endpoint that is being made.
const READY_WITHIN: Duration = Duration::from_secs(3);

/// Where clients log in.
pub(super) struct Login {
    pub(super) url: String,
    pub(super) psql: String,
    pub(super) pooled: Option<String>,
    pub(super) user: String,
    pub(super) database: String,
}

impl Login {
    /// The strings of the read-write endpoint; a reason where there is none. Nothing is created for them.
    pub(super) async fn of(
        app: &App,
        endpoints: &[EndpointInfo],
        databases: &[(String, String)],
    ) -> Result<Self, String> {
        let endpoint = read_write(endpoints).ok_or("The branch has no endpoint to log in at.")?;
        if endpoint.disabled {
            return Err(format!("Its endpoint {} is disabled.", endpoint.id()));
        }
        if endpoint.hosts.host.is_none() {
            return Err("Its endpoint has no host yet.".to_owned());
        }
        let names = databases.iter().map(|(name, _)| name.as_str());
        let first = names.clone().next().unwrap_or(USUAL);
        let database = names.into_iter().find(|name| *name == USUAL).unwrap_or(first);
        let described = async {
            let user = app.options.lakebase.current_user().await?.user_name.clone();
            let info = endpoint.connection_info().database(database).user(&user).await?;
            let pooled = match endpoint.hosts.read_write_pooled_host {
                Some(_) => {
                    Some(endpoint.connection_info().database(database).user(&user).pooled().await?.url())
                }
                None => None,
            };
            let url = info.url();
            let psql = format!("psql '{}'", url.replace('\'', "%27"));
            Ok::<_, lakebase::Error>(Self { url, psql, pooled, user, database: database.to_owned() })
        };
        match tokio::time::timeout(READY_WITHIN, described).await {
            Ok(described) => described.map_err(|error| error.to_string()),
            Err(_) => Err("Its endpoint is not ready yet; load the page again.".to_owned()),
        }
    }
}

pub(super) fn read_write(endpoints: &[EndpointInfo]) -> Option<&EndpointInfo> {
    endpoints.iter().find(|endpoint| endpoint.endpoint_type == EndpointType::ReadWrite)
}

#[derive(Template)]
#[template(path = "password.html")]
struct Password {
    url: String,
    password: String,
    left: String,
}

#[derive(Deserialize)]
pub(in crate::console) struct Wanted {
    database: String,
}

/// `POST …/password`: a fresh credential, which the answer alone has.
pub(in crate::console) async fn password(
    State(app): State<App>,
    Path(place): Path<Place>,
    Posted(wanted): Posted<Wanted>,
) -> Result<Response> {
    let endpoints = place.handle(&app)?.endpoints().await?;
    let endpoint =
        read_write(&endpoints).ok_or_else(|| Failure::invalid("The branch has no endpoint to log in at."))?;
    let info = endpoint.connection_info().database(wanted.database).await?;
    let credential = info.password().await?;
    let url = info.url_with_password().await?;
    rendered(&Password {
        url: url.expose_secret().to_owned(),
        password: credential.token.expose_secret().to_owned(),
        left: text::length(credential.expire_time - chrono::Utc::now()),
    })
}
