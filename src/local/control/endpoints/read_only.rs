//! Creation and deletion of read-only endpoints.

use chrono::Utc;
use serde_json::Value;

use super::{Endpoints, draft_primary, set_all};
use crate::{
    api::{
        name::EndpointName,
        wire::{endpoint::EndpointSpec, operation::Operation},
    },
    local::control::{
        error_conversion::caught,
        error_response::ErrorResponse,
        failpoint,
        locks::Held,
        operations::{ResourceKind, Work, empty},
        rules::mask,
        state::{Branch, Endpoint, Kind},
        to_wire::json,
    },
};

/// The service's limit for a branch.
const MOST: usize = 6;

impl Endpoints {
    pub(super) async fn begin_create_read_only(
        self,
        held: Held,
        name: EndpointName,
        spec: &EndpointSpec,
    ) -> Result<Work, ErrorResponse> {
        let state = self.state.snapshot();
        let project = state.project(name.branch().project())?;
        let branch = Branch::clone(state.branch(name.branch())?);
        if branch.read_only().count() >= MOST {
            return Err(ErrorResponse::bad_request(format!(
                "A branch can have at most {MOST} read-only endpoints. Delete one first."
            )));
        }
        let mut endpoint = Endpoint {
            id: name.id().clone(),
            kind: Kind::ReadOnly,
            address: state.former_address(&name),
            ..draft_primary(&project.defaults, Utc::now())?
        };
        set_all(&mut endpoint, &mask::all(), spec)?;
        self.computes.engine.check_settings(project.pg_version, endpoint.pg_settings.clone()).await?;
        Ok(Work::new(ResourceKind::Endpoint, name.clone(), async move {
            let _held = held;
            let made = caught(self.make_read_only(&name, &branch, endpoint.clone())).await;
            if made.is_err()
                && let Err(error) = self.computes.remove_endpoint(&branch, &endpoint).await
            {
                tracing::error!(%error, endpoint = %name, "failed to remove an endpoint whose creation failed");
            }
            made
        }))
    }

    /// Starts the standby, which may be refused, then writes the row.
    async fn make_read_only(
        &self,
        name: &EndpointName,
        branch: &Branch,
        mut endpoint: Endpoint,
    ) -> Result<Value, ErrorResponse> {
        let computes = &self.computes;
        computes.admit_standbys(branch).await?;
        if !endpoint.disabled {
            computes.wake(branch, &endpoint).await?;
        }
        endpoint.address = Some(computes.gateway.publish(&endpoint.uid, endpoint.address).await?);
        failpoint::reached("create-endpoint.started");
        let put = |branch: &mut Branch| {
            branch.endpoints.insert(endpoint.id.clone(), endpoint);
            Ok(())
        };
        self.state.commit(|state| state.change_branch(name.branch(), put)).await?;
        Ok(json(&self.get(name)?))
    }

    /// Deletes a read-only endpoint. The read-write one goes with its branch only.
    pub(crate) async fn delete(&self, name: EndpointName) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations.submit(async move { this.begin_delete(name).await }).await
    }

    async fn begin_delete(self, name: EndpointName) -> Result<Work, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, endpoint) = state.endpoint(&name)?;
        if endpoint.kind == Kind::ReadWrite {
            return Err(ErrorResponse::bad_request(format!(
                "Cannot delete read-write endpoint '{name}'. Read-write endpoints cannot be deleted."
            ))
            .managed_by_parent());
        }
        self.computes.check_reconciled(branch)?;
        let held = self.changes.hold_branch(name.branch(), "the deletion of an endpoint").await?;
        let remove = |branch: &mut Branch| {
            let removed = branch.endpoints.remove(name.id());
            let removed = removed.ok_or_else(|| ErrorResponse::not_found("endpoint id"))?;
            Ok((branch.clone(), removed))
        };
        let (branch, endpoint) =
            self.state.commit(|state| state.change_branch(name.branch(), remove)).await?;
        Ok(Work::new(ResourceKind::Endpoint, &name, async move {
            let _held = held;
            failpoint::reached("delete-endpoint.row");
            self.computes.remove_endpoint(&branch, &endpoint).await?;
            Ok(empty())
        }))
    }
}
