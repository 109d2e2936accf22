//! The page of a branch, and the changes of one.

pub(super) mod actions;
pub(super) mod confirm;
pub(super) mod connect;
mod history;

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use lakebase::{
    Branch,
    model::{BranchInfo, DatabaseInfo, EndpointInfo, EndpointType, ProjectInfo, RoleInfo, Suspension},
};
use serde::Deserialize;

use super::{
    App,
    failure::Result,
    frame::{Frame, rendered},
    overview::state_class,
    text,
};
use connect::Login;
use history::History;

/// The address of a branch.
#[derive(Deserialize)]
pub(super) struct Place {
    pub(super) project: String,
    pub(super) branch: String,
}

impl Place {
    pub(super) fn handle(&self, app: &App) -> Result<Branch> {
        Ok(app.options.lakebase.project(self.project.as_str())?.branch(self.branch.as_str())?)
    }

    /// The path of its page.
    pub(super) fn path(&self) -> String {
        format!("/p/{}/b/{}", self.project, self.branch)
    }
}

/// The live part of the page.
#[derive(Template)]
#[template(path = "state.html")]
struct StateCard {
    path: String,
    branch: BranchInfo,
    state_class: &'static str,
    facts: Vec<(&'static str, String)>,
    /// The part of its lifetime that is left, in percent, if it expires.
    left: Option<i64>,
    expiry: String,
    endpoints: Vec<EndpointRow>,
    every: u32,
}

struct EndpointRow {
    id: String,
    kind: String,
    state: String,
    size: String,
    suspension: String,
    host: String,
}

#[derive(Template)]
#[template(path = "branch.html")]
struct BranchPage {
    page: Frame,
    place: Place,
    state: StateCard,
    branch: BranchInfo,
    source: Option<String>,
    sources: Vec<String>,
    children: Vec<String>,
    login: Result<Login, String>,
    roles: Vec<RoleRow>,
    databases: Vec<(String, String)>,
    history: History,
}

struct RoleRow {
    name: String,
    identity: String,
    login: String,
    rights: String,
}

impl StateCard {
    async fn read(app: &App, place: &Place) -> Result<(Self, Vec<EndpointInfo>)> {
        let handle = place.handle(app)?;
        let (branch, endpoints) = tokio::try_join!(handle.get(), handle.endpoints().into_future())?;
        let card = Self::of(app, place, branch, &endpoints, Utc::now());
        Ok((card, endpoints))
    }

    fn of(
        app: &App,
        place: &Place,
        branch: BranchInfo,
        endpoints: &[EndpointInfo],
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            path: format!("{}{}", app.base, place.path()),
            state_class: state_class(&branch.state),
            facts: facts(&branch, now),
            left: left(&branch, now),
            expiry: text::expiry(branch.expire_time, now),
            endpoints: endpoints.iter().map(EndpointRow::of).collect(),
            every: if app.options.is_local { 2 } else { 10 },
            branch,
        }
    }
}

/// The part of its lifetime that is left.
fn left(branch: &BranchInfo, now: DateTime<Utc>) -> Option<i64> {
    let (expires, created) = (branch.expire_time?, branch.create_time?);
    let all = (expires - created).num_seconds().max(1);
    Some(((expires - now).num_seconds() * 100 / all).clamp(0, 100))
}

fn facts(branch: &BranchInfo, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(created) = branch.create_time {
        facts.push(("Created", format!("{} · {}", text::ago(created, now), text::moment(created))));
    }
    if let Some(time) = branch.source_branch_time {
        facts.push(("Left its source", text::moment(time)));
    }
    if let Some(lsn) = branch.source_branch_lsn {
        facts.push(("At log position", lsn.to_string()));
    }
    if let Some(time) = branch.expire_time {
        facts.push(("Expires", text::moment(time)));
    }
    facts.push(("Data", text::size(branch.logical_size_bytes)));
    if let Some(copy) = &branch.copy {
        let bytes = text::size(copy.bytes_added);
        facts.push(("Copy", format!("{} · {bytes} written", copy.method.to_string().to_lowercase())));
    }
    if let Some(pending) = &branch.pending_state {
        facts.push(("Becomes", pending.to_string()));
    }
    facts
}

impl EndpointRow {
    fn of(endpoint: &EndpointInfo) -> Self {
        let hosts = &endpoint.hosts;
        let state = match (&endpoint.pending_state, endpoint.disabled) {
            (_, true) => format!("{}, disabled", endpoint.state),
            (Some(next), _) => format!("{} → {next}", endpoint.state),
            (None, _) => endpoint.state.to_string(),
        };
        Self {
            id: endpoint.id().to_string(),
            kind: match endpoint.endpoint_type {
                EndpointType::ReadWrite => "read-write".to_owned(),
                EndpointType::ReadOnly => "read-only".to_owned(),
                ref other => other.to_string(),
            },
            state,
            size: match (endpoint.min_cu, endpoint.max_cu) {
                (Some(min), Some(max)) if min < max => format!("{min} to {max} CU"),
                (_, Some(max)) => format!("{max} CU"),
                _ => String::new(),
            },
            suspension: match endpoint.suspension {
                Suspension::After(idle) => {
                    let idle = chrono::TimeDelta::from_std(idle).unwrap_or_default();
                    format!("after {}", text::length(idle))
                }
                Suspension::Never => "never".to_owned(),
                _ => String::new(),
            },
            host: hosts.host.as_ref().map(|host| format!("{host}:{}", hosts.port)).unwrap_or_default(),
        }
    }
}

fn role(role: &RoleInfo) -> RoleRow {
    let rights = &role.attributes;
    let rights = [
        (rights.createdb, "CREATEDB".to_owned()),
        (rights.createrole, "CREATEROLE".to_owned()),
        (rights.bypassrls, "BYPASSRLS".to_owned()),
    ];
    let rights = rights.into_iter().filter_map(|(set, name)| set.then_some(name));
    let member = role.membership_roles.iter().map(ToString::to_string);
    RoleRow {
        name: role.postgres_role.clone(),
        identity: role.identity_type.to_string(),
        login: role.auth_method.to_string(),
        rights: rights.chain(member).collect::<Vec<_>>().join(", "),
    }
}

/// Databases with the names of their owners.
fn owned(databases: Vec<DatabaseInfo>, roles: &[RoleInfo]) -> Vec<(String, String)> {
    let names: BTreeMap<_, _> = roles.iter().map(|role| (&role.name, &role.postgres_role)).collect();
    let owner = |database: &DatabaseInfo| {
        let role = database.role.as_ref()?;
        Some(names.get(role).map_or_else(|| role.id().to_string(), |name| (*name).clone()))
    };
    databases
        .into_iter()
        .map(|database| {
            let owner = owner(&database).unwrap_or_default();
            (database.postgres_database, owner)
        })
        .collect()
}

/// `GET /p/{project}/b/{branch}`
pub(super) async fn page(State(app): State<App>, page: Frame, Path(place): Path<Place>) -> Result<Response> {
    let handle = place.handle(&app)?;
    let (state, endpoints) = StateCard::read(&app, &place).await?;
    let project = handle.project();
    let (roles, databases, project, branches) = tokio::try_join!(
        handle.roles().into_future(),
        handle.databases().into_future(),
        project.get(),
        project.branches().into_future(),
    )?;
    let branch = state.branch.clone();
    let databases = owned(databases, &roles);
    let login = Login::of(&app, &endpoints, &databases).await;
    let others = branches.iter().filter(|other| other.name != branch.name);
    let view = BranchPage {
        page: page.title(format!("Branch {}", place.branch)).of(&place.project, "branches"),
        source: branch.source_branch.as_ref().map(|source| source.id().to_string()),
        sources: others.map(|other| other.id().to_string()).collect(),
        children: children(&branch, &branches),
        login,
        roles: roles.iter().map(role).collect(),
        databases,
        history: History::of(&project, &branch, Utc::now()),
        place,
        state,
        branch,
    };
    rendered(&view)
}

/// The ids of the branches made from this one.
fn children(branch: &BranchInfo, all: &[BranchInfo]) -> Vec<String> {
    let ours = all.iter().filter(|other| other.source_branch.as_ref() == Some(&branch.name));
    let mut ids: Vec<String> =
        ours.filter(|other| other.name != branch.name).map(|other| other.id().to_string()).collect();
    ids.sort();
    ids
}

/// `GET …/state`: the live part alone.
pub(super) async fn state(State(app): State<App>, _: Frame, Path(place): Path<Place>) -> Result<Response> {
    let (state, _) = StateCard::read(&app, &place).await?;
    rendered(&state)
}

/// The longest time that a branch can go back.
fn retention(project: &ProjectInfo) -> chrono::TimeDelta {
    let kept = project.history_retention.and_then(|kept| chrono::TimeDelta::from_std(kept).ok());
    kept.unwrap_or_default()
}
