//! Endpoints: the compute of a branch, its size and its settings.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Control,
    branches::json,
    failpoint, identity,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Subject, Work},
    rejection::{Code, Rejection},
    rules::{self, mask, sizing},
    state::{Branch, BranchIds, Endpoint, EndpointDefaults, Kind},
};
use crate::{
    api::wire::{
        self,
        endpoint::{ComputeInstance, ComputeInstances, EndpointSpec, EndpointState, EndpointType},
        operation::Operation,
    },
    local::engine::EngineError,
};

/// The endpoint that every branch begins with.
const PRIMARY: &str = "primary";
/// The service refuses smaller pages of endpoints, and of nothing else.
const SMALLEST_PAGE: i64 = 10;

pub(super) fn draft_primary(defaults: &EndpointDefaults, now: DateTime<Utc>) -> Endpoint {
    Endpoint {
        id: PRIMARY.to_owned(),
        uid: identity::words("ep"),
        created: now,
        updated: now,
        kind: Kind::ReadWrite,
        sizing: defaults.sizing.clone(),
        disabled: false,
        pg_settings: defaults.pg_settings.clone(),
        address: None,
    }
}

impl Control {
    pub(crate) async fn create_endpoint(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        replace: bool,
        body: wire::endpoint::Endpoint,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move {
            rules::ids::check_id("endpoint_id", &id)?;
            let held = control.hold_branch(&ids, "the change of an endpoint").await?;
            check_create(control.snapshot().branch(&ids.0, &ids.1)?, &id, replace, &spec)?;
            let leaves = mask::ENDPOINT.resolve("spec")?;
            control.change_endpoint(held, ids, id, leaves, spec).await
        })
        .await
    }

    pub(crate) fn get_endpoint(
        &self,
        ids: &BranchIds,
        id: &str,
    ) -> Result<wire::endpoint::Endpoint, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        Ok(self.endpoint_view().endpoint(branch, branch.endpoint(id)?))
    }

    pub(crate) fn list_endpoints(
        &self,
        ids: &BranchIds,
        request: &PageRequest,
    ) -> Result<wire::Endpoints, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let view = self.endpoint_view();
        let items =
            branch.endpoints.values().map(|e| (e.created, e.id.clone(), view.endpoint(branch, e))).collect();
        let (items, next_page_token) = page(items, request, SMALLEST_PAGE)?;
        Ok(wire::Endpoints { items, next_page_token })
    }

    pub(crate) async fn update_endpoint(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        mask: String,
        body: wire::endpoint::Endpoint,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            let held = control.hold_branch(&ids, "the change of an endpoint").await?;
            control.snapshot().branch(&ids.0, &ids.1)?.endpoint(&id)?;
            let leaves = mask::ENDPOINT.resolve(&mask)?;
            control.change_endpoint(held, ids, id, leaves, body.spec.unwrap_or_default()).await
        })
        .await
    }

    /// Every endpoint here is the read-write one of its branch, which only goes with the branch.
    pub(crate) fn delete_endpoint(&self, ids: &BranchIds, id: &str) -> Result<Operation, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let Endpoint { kind: Kind::ReadWrite, .. } = branch.endpoint(id)?;
        let name = format!("{}/endpoints/{id}", branch.name());
        Err(Rejection::bad_request(format!(
            "Cannot delete read-write endpoint '{name}'. Read-write endpoints cannot be deleted."
        ))
        .managed_by_parent())
    }

    pub(crate) fn list_compute_instances(
        &self,
        ids: &BranchIds,
        id: &str,
    ) -> Result<ComputeInstances, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let endpoint = branch.endpoint(id)?;
        let host = endpoint.address.map(|address| super::state::host_and_port(address).0);
        let instance =
            (self.endpoint_view().state(branch) == EndpointState::Active).then(|| ComputeInstance {
                name: Some(format!("{}/endpoints/{id}/compute-instances/{}", branch.name(), endpoint.uid)),
                compute_instance_id: Some(endpoint.uid.clone()),
                compute_host: host,
                current_state: Some(EndpointState::Active),
                role: Some("READ_WRITE".to_owned()),
                ..Default::default()
            });
        Ok(ComputeInstances { items: instance.into_iter().collect(), next_page_token: String::new() })
    }

    async fn change_endpoint(
        self: Arc<Self>,
        held: Held,
        ids: BranchIds,
        id: String,
        leaves: Vec<mask::Leaf>,
        spec: EndpointSpec,
    ) -> Result<Work, Rejection> {
        let before = self.snapshot().branch(&ids.0, &ids.1)?.endpoint(&id)?.clone();
        let mut after = before.clone();
        set_all(&mut after, &leaves, &spec)?;
        after.updated = Utc::now();
        let name = format!("projects/{}/branches/{}/endpoints/{id}", ids.0, ids.1);
        let change = self.computes.of(&after.uid).change();
        Ok(Work::new(Subject::Endpoint, name, async move {
            let _held = held;
            self.reconfigure(&ids, &before, &after).await?;
            // Ended first, so that the answer shows no change under way.
            drop(change);
            let state = self.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            Ok(json(&self.endpoint_view().endpoint(branch, branch.endpoint(&id)?)))
        }))
    }

    /// Restarts a running compute with its new settings, then writes the row: settings that PostgreSQL refuses are
    /// never acknowledged, and a crash in between leaves the old ones. A stopped compute reads them when it starts.
    async fn reconfigure(
        &self,
        ids: &BranchIds,
        before: &Endpoint,
        after: &Endpoint,
    ) -> Result<(), Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let settings = |endpoint: &Endpoint| sizing::settings(&endpoint.sizing, &endpoint.pg_settings);
        let compute = self.computes.of(&after.uid);
        let _gate = compute.gate.lock().await;
        let runs = self.engine.running(&branch.key()).is_some();
        let restarts = runs && !after.disabled && settings(before) != settings(after);
        let changed = async {
            if restarts {
                self.restart(branch, after).await?;
                failpoint::reached("change-endpoint.restarted");
            }
            self.commit(|state| {
                state.change_branch(ids, |branch| {
                    branch.endpoints.insert(after.id.clone(), after.clone());
                    Ok(())
                })
            })
            .await
        };
        let changed = changed.await;
        if restarts
            && changed.is_err()
            && let Err(error) = self.restart(branch, before).await
        {
            tracing::warn!(
                endpoint = before.uid,
                error = super::with_sources(&error),
                "the next login starts the compute"
            );
        }
        if runs && after.disabled && changed.is_ok() {
            self.gateway.disconnect(&after.uid).await;
            self.engine.stop(&branch.key()).await?;
        }
        changed
    }

    /// Stops a compute and starts it with the settings of `endpoint`. The caller holds its gate.
    async fn restart(&self, branch: &Branch, endpoint: &Endpoint) -> Result<(), EngineError> {
        self.gateway.disconnect(&endpoint.uid).await;
        self.engine.stop(&branch.key()).await?;
        let settings = sizing::settings(&endpoint.sizing, &endpoint.pg_settings);
        self.engine.start(&branch.key(), &settings).await.map(drop)
    }

    /// Refuses while a change is being brought to a compute of the branch, as the service does.
    pub(super) fn check_is_settled(&self, branch: &Branch) -> Result<(), Rejection> {
        match branch.endpoints.values().find(|endpoint| self.computes.is_changing(&endpoint.uid)) {
            None => Ok(()),
            Some(endpoint) => Err(Rejection::new(
                Code::Aborted,
                format!(
                    "Endpoint reconciliation still in progress for '{}/endpoints/{}'. Try again when its pending_state is gone.",
                    branch.name(),
                    endpoint.id
                ),
            )),
        }
    }
}

fn check_create(branch: &Branch, id: &str, replace: bool, spec: &EndpointSpec) -> Result<(), Rejection> {
    match &spec.endpoint_type {
        None => Err(Rejection::required("endpoint.spec.endpoint_type")),
        Some(EndpointType::ReadOnly) => Err(Rejection::not_implemented(
            "Read-only endpoints are",
            "read from the branch's read-write endpoint (default_transaction_read_only=on refuses writes), or from \
             a branch of it, which has a compute of its own",
        )),
        Some(EndpointType::ReadWrite) if replace && branch.endpoints.contains_key(id) => Ok(()),
        Some(EndpointType::ReadWrite) => Err(Rejection::bad_request("read_write endpoint already exists")),
        Some(EndpointType::Unknown(text)) => Err(Rejection::invalid(format!(
            "Field 'endpoint.spec.endpoint_type' must be ENDPOINT_TYPE_READ_WRITE or ENDPOINT_TYPE_READ_ONLY, got '{text}'"
        ))),
    }
}

fn set_all(endpoint: &mut Endpoint, leaves: &[mask::Leaf], spec: &EndpointSpec) -> Result<(), Rejection> {
    mask::apply(leaves, |path| set(endpoint, path, spec))?;
    spec.group
        .as_ref()
        .filter(|_| leaves.iter().any(|leaf| leaf.path.starts_with("spec.group")))
        .map_or(Ok(()), sizing::check_group)?;
    sizing::check(&endpoint.sizing)
}

fn set(endpoint: &mut Endpoint, path: &str, spec: &EndpointSpec) -> Result<bool, Rejection> {
    let group = spec.group.as_ref();
    let sizing = &mut endpoint.sizing;
    Ok(match path {
        "spec.autoscaling_limit_min_cu" => {
            mask::set(&mut sizing.min_cu, spec.autoscaling_limit_min_cu.as_ref())
        }
        "spec.autoscaling_limit_max_cu" => {
            mask::set(&mut sizing.max_cu, spec.autoscaling_limit_max_cu.as_ref())
        }
        "spec.suspension" => {
            let chosen = sizing::suspension(spec.suspend_timeout_duration, spec.no_suspension)?;
            mask::set(&mut sizing.suspend_after, chosen.as_ref())
        }
        "spec.disabled" => mask::set(&mut endpoint.disabled, spec.disabled.as_ref()),
        "spec.group.min" => group.is_some_and(|group| group.min.is_some()),
        "spec.group.max" => group.is_some_and(|group| group.max.is_some()),
        "spec.group.enable_readable_secondaries" => {
            group.is_some_and(|group| group.enable_readable_secondaries.is_some())
        }
        "spec.settings.pg_settings" => {
            let settings: Option<&BTreeMap<_, _>> =
                spec.settings.as_ref().and_then(|s| s.pg_settings.as_ref());
            settings.map_or(Ok(()), |settings| rules::pg_settings::check(path, settings))?;
            mask::set(&mut endpoint.pg_settings, settings)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use serde_json::{Value, json};

    use crate::local::server::tests::Bench;

    #[tokio::test(flavor = "multi_thread")]
    async fn while_a_compute_changes_it_says_so_and_its_branch_is_not_deleted() {
        let bench = Bench::start().await;
        bench.project("shop").await;
        let dev = bench.branch("shop", "dev").await["name"].as_str().unwrap().to_owned();
        let primary = format!("{dev}/endpoints/primary");
        let before = bench.get(&primary).await;
        assert!(before["status"]["pending_state"].is_null(), "{before}");

        let change = bench.control().computes.of(before["uid"].as_str().unwrap()).change();
        assert_eq!(bench.get(&primary).await["status"]["pending_state"], "ACTIVE");
        let (status, code, message) = bench.refused(Method::DELETE, &dev, Value::Null).await;
        assert_eq!((status, code.as_str()), (409, "ABORTED"));
        assert!(message.contains("reconciliation") && message.contains(&primary), "{message}");

        drop(change);
        let body = json!({"spec": {"autoscaling_limit_max_cu": 2}});
        let path = format!("{primary}?update_mask=spec.autoscaling_limit_max_cu");
        let after = bench.done(Method::PATCH, &path, body).await;
        assert!(after["status"]["pending_state"].is_null(), "{after}");
        assert_eq!(after, bench.get(&primary).await);
        bench.done(Method::DELETE, &dev, Value::Null).await;
        bench.local.shutdown().await;
    }
}
