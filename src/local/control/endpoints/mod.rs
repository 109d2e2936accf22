//! Endpoints: the compute of a branch, its size and its settings.

mod read_only;

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    computes::Computes,
    error_conversion::with_sources,
    error_response::ErrorResponse,
    failpoint, generated_ids,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Operations, ResourceKind, Work},
    rules::{
        self,
        mask::{self, EndpointField, Selected},
        sizing,
    },
    shared_state::SharedState,
    state::{Branch, Endpoint, EndpointDefaults, Kind, host_and_port},
    to_wire::json,
};
use crate::api::{
    name::{BranchName, EndpointId, EndpointName},
    wire::{
        self,
        endpoint::{ComputeInstance, ComputeInstances, EndpointSpec, EndpointState, EndpointType},
        operation::Operation,
    },
};

/// The endpoint that every branch begins with.
const PRIMARY: &str = "primary";
/// The service refuses smaller pages of endpoints, and of nothing else.
const SMALLEST_PAGE: i64 = 10;

pub(super) fn draft_primary(
    defaults: &EndpointDefaults,
    now: DateTime<Utc>,
) -> Result<Endpoint, ErrorResponse> {
    Ok(Endpoint {
        id: rules::ids::parse("endpoint_id", PRIMARY)?,
        uid: generated_ids::uid("ep"),
        created: now,
        updated: now,
        kind: Kind::ReadWrite,
        sizing: defaults.sizing.clone(),
        disabled: false,
        pg_settings: defaults.pg_settings.clone(),
        address: None,
    })
}

/// Calls on endpoints.
#[derive(Clone)]
pub(crate) struct Endpoints {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) computes: Arc<Computes>,
    pub(super) changes: Arc<CatalogChanges>,
}

impl Endpoints {
    pub(crate) async fn create(
        &self,
        branch: BranchName,
        id: String,
        replace: bool,
        body: wire::endpoint::Endpoint,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        let spec = body.spec.unwrap_or_default();
        self.operations
            .submit(async move {
                let name = branch.endpoint(rules::ids::parse("endpoint_id", &id)?);
                let held = this.changes.hold_branch(&branch, "the change of an endpoint").await?;
                match planned(this.state.snapshot().branch(&branch)?, name.id(), replace, &spec)? {
                    Planned::Change => this.change(held, name, &mask::all(), &spec).await,
                    Planned::Create => this.begin_create_read_only(held, name, &spec).await,
                }
            })
            .await
    }

    pub(crate) fn get(&self, name: &EndpointName) -> Result<wire::endpoint::Endpoint, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, endpoint) = state.endpoint(name)?;
        Ok(self.computes.projection().endpoint(branch, endpoint))
    }

    pub(crate) fn list(
        &self,
        branch: &BranchName,
        request: &PageRequest,
    ) -> Result<wire::Endpoints, ErrorResponse> {
        let state = self.state.snapshot();
        let branch = state.branch(branch)?;
        let projection = self.computes.projection();
        let endpoints = branch.endpoints.values();
        let items =
            endpoints.map(|e| (e.created, e.id.to_string(), projection.endpoint(branch, e))).collect();
        let (items, next_page_token) = page(items, request, SMALLEST_PAGE)?;
        Ok(wire::Endpoints { items, next_page_token })
    }

    pub(crate) async fn update(
        &self,
        name: EndpointName,
        mask: String,
        body: wire::endpoint::Endpoint,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations
            .submit(async move {
                let held = this.changes.hold_branch(name.branch(), "the change of an endpoint").await?;
                this.state.snapshot().endpoint(&name)?;
                let fields = mask::parse(&mask)?;
                this.change(held, name, &fields, &body.spec.unwrap_or_default()).await
            })
            .await
    }

    pub(crate) fn list_compute_instances(
        &self,
        name: &EndpointName,
    ) -> Result<ComputeInstances, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, endpoint) = state.endpoint(name)?;
        let active = self.computes.projection().state(branch, endpoint) == EndpointState::Active;
        let role = match endpoint.kind {
            Kind::ReadWrite => "READ_WRITE",
            Kind::ReadOnly => "READ_ONLY",
        };
        let instance = active.then(|| ComputeInstance {
            name: Some(format!("{name}/compute-instances/{}", endpoint.uid)),
            compute_instance_id: Some(endpoint.uid.clone()),
            compute_host: endpoint.address.map(|address| host_and_port(address).0),
            current_state: Some(EndpointState::Active),
            role: Some(role.to_owned()),
            ..Default::default()
        });
        Ok(ComputeInstances { items: instance.into_iter().collect(), next_page_token: String::new() })
    }

    async fn change(
        self,
        held: Held,
        name: EndpointName,
        fields: &[Selected<EndpointField>],
        spec: &EndpointSpec,
    ) -> Result<Work, ErrorResponse> {
        let state = self.state.snapshot();
        let before = state.endpoint(&name)?.1.clone();
        let mut after = before.clone();
        set_all(&mut after, fields, spec)?;
        if before.pg_settings != after.pg_settings {
            let major = state.project(name.branch().project())?.pg_version;
            self.computes.engine.check_settings(major, after.pg_settings.clone()).await?;
        }
        after.updated = Utc::now();
        let change = self.computes.activity.of(&after.uid).change();
        Ok(Work::new(ResourceKind::Endpoint, name.clone(), async move {
            let _held = held;
            self.reconfigure(name.branch(), &before, &after).await?;
            // Ended first, so that the answer shows no change under way.
            drop(change);
            Ok(json(&self.get(&name)?))
        }))
    }

    /// Restarts a running compute with its new settings, then writes the row: settings that PostgreSQL refuses are
    /// never acknowledged, and a crash in between leaves the old ones. A stopped compute reads them when it starts.
    async fn reconfigure(
        &self,
        branch: &BranchName,
        before: &Endpoint,
        after: &Endpoint,
    ) -> Result<(), ErrorResponse> {
        let state = self.state.snapshot();
        let row = state.branch(branch)?;
        let settings = |endpoint: &Endpoint| self.computes.settings(row, endpoint);
        let activity = self.computes.activity.of(&after.uid);
        let _transition = activity.transition.lock().await;
        let runs = self.computes.engine.running(&row.compute_key(after)).is_some();
        let restarts = runs && !after.disabled && settings(before) != settings(after);
        let changed = async {
            if restarts {
                self.computes.restart(row, after).await?;
                failpoint::reached("change-endpoint.restarted");
            }
            let put = |branch: &mut Branch| {
                branch.endpoints.insert(after.id.clone(), after.clone());
                Ok(())
            };
            self.state.commit(|state| state.change_branch(branch, put)).await
        };
        let changed = changed.await;
        if restarts
            && changed.is_err()
            && let Err(error) = self.computes.restart(row, before).await
        {
            let error = with_sources(&error);
            tracing::warn!(
                endpoint = before.uid,
                error,
                "failed to restore the compute; the next login starts it"
            );
        }
        if runs && after.disabled && changed.is_ok() {
            self.computes.stop_locked(row, after).await?;
        }
        if changed.is_ok() {
            let state = self.state.snapshot();
            self.computes.restart_standbys(row, state.branch(branch)?).await?;
        }
        changed
    }
}

/// The work that a request to create an endpoint asks for.
enum Planned {
    /// The endpoint exists and is changed in place.
    Change,
    /// A read-only endpoint is created.
    Create,
}

fn planned(
    branch: &Branch,
    id: &EndpointId,
    replace: bool,
    spec: &EndpointSpec,
) -> Result<Planned, ErrorResponse> {
    let wanted = match &spec.endpoint_type {
        None => return Err(ErrorResponse::required("endpoint.spec.endpoint_type")),
        Some(EndpointType::ReadWrite) => Kind::ReadWrite,
        Some(EndpointType::ReadOnly) => Kind::ReadOnly,
        Some(EndpointType::Unknown(text)) => {
            return Err(ErrorResponse::invalid(format!(
                "Field 'endpoint.spec.endpoint_type' must be ENDPOINT_TYPE_READ_WRITE or ENDPOINT_TYPE_READ_ONLY, \
                 got '{text}'"
            )));
        }
    };
    match (branch.endpoints.get(id), wanted) {
        (Some(existing), _) if replace && existing.kind == wanted => Ok(Planned::Change),
        (_, Kind::ReadWrite) => Err(ErrorResponse::bad_request("read_write endpoint already exists")),
        (Some(_), Kind::ReadOnly) => Err(ErrorResponse::bad_request(format!(
            "endpoint already exists; endpoint_name:\"{id}\" [TraceId: {:032x}]",
            fastrand::u128(..)
        ))),
        (None, Kind::ReadOnly) => Ok(Planned::Create),
    }
}

fn set_all(
    endpoint: &mut Endpoint,
    fields: &[Selected<EndpointField>],
    spec: &EndpointSpec,
) -> Result<(), ErrorResponse> {
    use EndpointField::{GroupMax, GroupMin, ReadableSecondaries};
    mask::apply(fields, |field| set(endpoint, field, spec))?;
    if let Some(group) = &spec.group
        && fields.iter().any(|selected| matches!(selected.field, GroupMin | GroupMax | ReadableSecondaries))
    {
        sizing::check_group(group, endpoint.kind)?;
    }
    sizing::check(&endpoint.sizing)
}

fn set(endpoint: &mut Endpoint, field: EndpointField, spec: &EndpointSpec) -> Result<bool, ErrorResponse> {
    let group = spec.group.as_ref();
    let sizing = &mut endpoint.sizing;
    Ok(match field {
        EndpointField::MinCu => mask::set(&mut sizing.min_cu, spec.autoscaling_limit_min_cu.as_ref()),
        EndpointField::MaxCu => mask::set(&mut sizing.max_cu, spec.autoscaling_limit_max_cu.as_ref()),
        EndpointField::Suspension => {
            let chosen = sizing::suspension(spec.suspend_timeout_duration, spec.no_suspension)?;
            mask::set(&mut sizing.suspend_after, chosen.as_ref())
        }
        EndpointField::Disabled => mask::set(&mut endpoint.disabled, spec.disabled.as_ref()),
        // Checked as a whole, after all fields are set.
        EndpointField::GroupMin => group.is_some_and(|group| group.min.is_some()),
        EndpointField::GroupMax => group.is_some_and(|group| group.max.is_some()),
        EndpointField::ReadableSecondaries => {
            group.is_some_and(|group| group.enable_readable_secondaries.is_some())
        }
        EndpointField::PgSettings => {
            let settings: Option<&BTreeMap<_, _>> =
                spec.settings.as_ref().and_then(|s| s.pg_settings.as_ref());
            settings.map_or(Ok(()), |settings| rules::pg_settings::check(field, settings))?;
            mask::set(&mut endpoint.pg_settings, settings)
        }
    })
}
