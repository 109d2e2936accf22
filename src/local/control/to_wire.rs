//! Wire resources from rows of the state: always `status` with effective values, never `spec`.

use std::net::SocketAddr;

use chrono::{DateTime, TimeDelta, Utc};

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::{
    activity::ActivityTable,
    error_response::ErrorResponse,
    state::{Branch, Database, Endpoint, Kind, Project, Role, Sizing, Snapshot, State, host_and_port},
};
use crate::{
    api::wire::{
        self,
        branch::{BranchState, BranchStatus, CopyCost},
        endpoint::{EndpointGroup, EndpointHosts, EndpointSettings, EndpointState, EndpointStatus},
        format::Seconds,
        project::{DefaultEndpointSettings, ProjectStatus},
        role::{DatabaseStatus, RoleAttributes, RoleStatus},
        snapshot::SnapshotStatus,
    },
    local::engine::Engine,
};

/// Time in which a deleted project or branch can be restored.
pub(super) const PURGE_AFTER: TimeDelta = TimeDelta::days(7);
/// 8 TiB, the service's default.
const LOGICAL_SIZE_LIMIT: i64 = 8_796_093_022_208;

pub(super) fn project(
    project: &Project,
    last_active: Option<DateTime<Utc>>,
    console: Option<&Url>,
) -> wire::project::Project {
    let Sizing { min_cu, max_cu, suspend_after } = project.defaults.sizing;
    let pg_settings = &project.defaults.pg_settings;
    wire::project::Project {
        name: Some(project.name().to_string()),
        project_id: Some(project.id.to_string()),
        uid: Some(project.uid.clone()),
        create_time: Some(project.created),
        update_time: Some(project.updated),
        delete_time: project.deleted,
        purge_time: project.deleted.map(|at| at + PURGE_AFTER),
        status: Some(ProjectStatus {
            project_id: Some(project.id.to_string()),
            display_name: Some(project.display_name.clone()),
            pg_version: Some(i64::from(project.pg_version)),
            owner: Some(project.owner.clone()),
            default_branch: Some(project.name().branch(project.default_branch.clone()).to_string()),
            default_endpoint_settings: Some(DefaultEndpointSettings {
                autoscaling_limit_min_cu: Some(min_cu),
                autoscaling_limit_max_cu: Some(max_cu),
                no_suspension: None,
                suspend_timeout_duration: suspend_after.map(Seconds),
                pg_settings: (!pg_settings.is_empty()).then(|| pg_settings.clone()),
            }),
            history_retention_duration: Some(Seconds(project.history_retention)),
            enable_pg_native_login: Some(project.native_login),
            branch_logical_size_limit_bytes: Some(LOGICAL_SIZE_LIMIT),
            synthetic_storage_size_bytes: Some(0),
            compute_last_active_time: last_active,
            console_url: console.map(|console| format!("{console}p/{}", project.id)),
            budget_policy_id: project.budget_policy_id.clone(),
            custom_tags: (!project.custom_tags.is_empty()).then(|| project.custom_tags.clone()),
        }),
        ..Default::default()
    }
}

/// A branch, which its project marks as the default one or not.
pub(super) fn branch(state: &State, branch: &Branch) -> Result<wire::branch::Branch, ErrorResponse> {
    let project = branch.project_name();
    let default = state.project_or_tombstone(&project)?.default_branch == branch.id;
    let origin = branch.origin.as_ref().filter(|_| !branch.init);
    let snapshot = branch.origin.as_ref().and_then(|origin| origin.snapshot.clone());
    // A branch of a snapshot has no source branch.
    let source = branch.origin.as_ref().filter(|_| snapshot.is_none());
    Ok(wire::branch::Branch {
        name: Some(branch.name().to_string()),
        branch_id: Some(branch.id.to_string()),
        parent: Some(project.to_string()),
        uid: Some(branch.uid.clone()),
        create_time: Some(branch.created),
        update_time: Some(branch.updated),
        delete_time: branch.deleted,
        purge_time: branch.deleted.map(|at| at + PURGE_AFTER),
        status: Some(BranchStatus {
            branch_id: Some(branch.id.to_string()),
            current_state: Some(state_of(branch)),
            pending_state: branch.init.then_some(BranchState::Ready),
            state_change_time: Some(branch.state_changed),
            default: Some(default),
            is_protected: Some(branch.protected),
            logical_size_bytes: Some(branch.logical_size),
            expire_time: branch.expires,
            delete_time: branch.deleted,
            purge_time: branch.deleted.map(|at| at + PURGE_AFTER),
            source_branch: source.map(|source| project.branch(source.branch.clone()).to_string()),
            source_branch_lsn: source.filter(|_| !branch.init).map(|source| source.lsn.clone()),
            source_branch_time: source.filter(|_| !branch.init).map(|source| source.time),
            source_snapshot: snapshot.map(|id| project.snapshot(id).to_string()),
            copy: origin.map(|origin| CopyCost {
                method: origin.method.clone(),
                bytes_added: i64::try_from(origin.bytes_added).unwrap_or(i64::MAX),
            }),
            masked: branch.masked.then_some(true),
        }),
        ..Default::default()
    })
}

pub(super) fn snapshot(snapshot: &Snapshot) -> wire::snapshot::Snapshot {
    wire::snapshot::Snapshot {
        name: Some(snapshot.name().to_string()),
        snapshot_id: Some(snapshot.id.to_string()),
        uid: Some(snapshot.uid.clone()),
        create_time: Some(snapshot.created),
        spec: None,
        status: Some(SnapshotStatus {
            source_branch: Some(snapshot.source_name().to_string()),
            expire_time: snapshot.expires,
            no_expiry: snapshot.expires.is_none().then_some(true),
            full_size_bytes: Some(snapshot.logical_size),
            // The space that it shares with its source is not counted.
            diff_size_bytes: None,
        }),
    }
}

fn state_of(branch: &Branch) -> BranchState {
    match branch.deleted {
        Some(_) => BranchState::Deleted,
        None if branch.init => BranchState::Init,
        None => BranchState::Ready,
    }
}

/// Projects endpoints; needs to know which computes run.
pub(super) struct EndpointProjection<'a> {
    pub(super) engine: &'a Engine,
    pub(super) activity: &'a ActivityTable,
    /// The file with the authority that signed the endpoints' certificates.
    pub(super) ca_cert: &'a str,
}

impl EndpointProjection<'_> {
    pub(super) fn state(&self, branch: &Branch, endpoint: &Endpoint) -> EndpointState {
        match self.engine.running(&branch.compute_key(endpoint)) {
            Some(_) => EndpointState::Active,
            None if branch.init => EndpointState::Init,
            None => EndpointState::Idle,
        }
    }

    /// The state that the compute is changing to.
    fn pending(&self, branch: &Branch, endpoint: &Endpoint) -> Option<EndpointState> {
        let changing = branch.init || self.activity.is_changing(&endpoint.uid);
        changing.then_some(if endpoint.disabled { EndpointState::Idle } else { EndpointState::Active })
    }

    pub(super) fn endpoint(&self, branch: &Branch, endpoint: &Endpoint) -> wire::endpoint::Endpoint {
        let Sizing { min_cu, max_cu, suspend_after } = endpoint.sizing;
        wire::endpoint::Endpoint {
            name: Some(branch.name().endpoint(endpoint.id.clone()).to_string()),
            endpoint_id: Some(endpoint.id.to_string()),
            parent: Some(branch.name().to_string()),
            uid: Some(endpoint.uid.clone()),
            create_time: Some(endpoint.created),
            update_time: Some(endpoint.updated),
            status: Some(EndpointStatus {
                endpoint_id: Some(endpoint.id.to_string()),
                endpoint_type: Some(endpoint.kind.into()),
                autoscaling_limit_min_cu: Some(min_cu),
                autoscaling_limit_max_cu: Some(max_cu),
                suspend_timeout_duration: suspend_after.map(Seconds),
                disabled: Some(endpoint.disabled),
                group: Some(EndpointGroup {
                    min: Some(1),
                    max: Some(1),
                    // As the service shows it: a read-only endpoint answers reads.
                    enable_readable_secondaries: Some(endpoint.kind == Kind::ReadOnly),
                }),
                settings: Some(EndpointSettings {
                    pg_settings: (!endpoint.pg_settings.is_empty()).then(|| endpoint.pg_settings.clone()),
                }),
                current_state: Some(self.state(branch, endpoint)),
                pending_state: self.pending(branch, endpoint),
                last_active_time: self.activity.last_active(&endpoint.uid),
                hosts: endpoint.address.map(|address| self.hosts(endpoint.kind, address)),
            }),
            ..Default::default()
        }
    }
}

impl EndpointProjection<'_> {
    fn hosts(&self, kind: Kind, address: SocketAddr) -> EndpointHosts {
        let (host, port) = host_and_port(address);
        let of = |wanted: Kind| (kind == wanted).then(|| host.clone());
        EndpointHosts {
            host: Some(host.clone()),
            read_only_host: of(Kind::ReadOnly),
            // No pooler: each connection has a session of its own.
            read_write_pooled_host: of(Kind::ReadWrite),
            read_only_pooled_host: of(Kind::ReadOnly),
            port,
            ca_cert: Some(self.ca_cert.to_owned()),
        }
    }
}

pub(super) fn role(branch: &Branch, role: &Role) -> wire::role::Role {
    wire::role::Role {
        name: Some(branch.name().role(role.id.clone()).to_string()),
        role_id: Some(role.id.to_string()),
        parent: Some(branch.name().to_string()),
        create_time: Some(role.created),
        update_time: Some(role.updated),
        spec: None,
        status: Some(RoleStatus {
            role_id: Some(role.id.to_string()),
            postgres_role: Some(role.postgres_role.clone()),
            identity_type: Some(role.identity.clone()),
            auth_method: Some(role.auth.clone()),
            attributes: Some(RoleAttributes {
                bypassrls: Some(role.attributes.bypassrls),
                createdb: Some(role.attributes.createdb),
                createrole: Some(role.attributes.createrole),
            }),
            membership_roles: (!role.memberships.is_empty()).then(|| role.memberships.clone()),
        }),
    }
}

pub(super) fn database(branch: &Branch, database: &Database) -> wire::role::Database {
    wire::role::Database {
        name: Some(branch.name().database(database.id.clone()).to_string()),
        database_id: Some(database.id.to_string()),
        parent: Some(branch.name().to_string()),
        create_time: Some(database.created),
        update_time: Some(database.updated),
        spec: None,
        status: Some(DatabaseStatus {
            database_id: Some(database.id.to_string()),
            postgres_database: Some(database.postgres_database.clone()),
            role: database.role.clone().map(|role| branch.name().role(role).to_string()),
        }),
    }
}

/// A resource as the `response` of an operation.
pub(super) fn json<T: Serialize>(resource: &T) -> Value {
    // The resources are plain structs with text keys, which always have a JSON form.
    serde_json::to_value(resource).unwrap_or_default()
}
