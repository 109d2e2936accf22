//! Addresses of endpoints at the gateway, and the removal of branches with all they have.

use std::net::SocketAddr;

use super::Computes;
use crate::{
    api::name::EndpointName,
    local::{
        control::{
            ControlError, StoreError,
            error_response::ErrorResponse,
            state::{Branch, Endpoint, Kind, Snapshot},
        },
        engine::{BranchKey, EngineError},
        gateway::GatewayError,
    },
};

impl Computes {
    /// Listens for every endpoint, at its former address where that is free. Branches that are being created get their
    /// addresses when they are done.
    pub(in crate::local::control) async fn publish_all(&self) -> Result<(), ControlError> {
        let state = self.state.snapshot();
        let mut moved = Vec::new();
        let made = state.branches.values().filter(|branch| !branch.init);
        for branch in made.filter(|branch| state.project(&branch.project_name()).is_ok()) {
            moved.extend(self.publish(branch).await?);
        }
        if moved.is_empty() {
            return Ok(());
        }
        let kept = self.state.commit(|state| {
            for (endpoint, address) in moved {
                state.change_branch(endpoint.branch(), |branch| {
                    branch.set_address(endpoint.id(), address);
                    Ok(())
                })?;
            }
            Ok(())
        });
        kept.await.map_err(|error| StoreError::Open(std::io::Error::other(error)).into())
    }

    /// Publishes the endpoints of a branch, and returns those whose address has changed.
    pub(in crate::local::control) async fn publish(
        &self,
        branch: &Branch,
    ) -> Result<Vec<(EndpointName, SocketAddr)>, GatewayError> {
        let mut moved = Vec::new();
        for endpoint in branch.endpoints.values() {
            let address = self.gateway.publish(&endpoint.uid, endpoint.address).await?;
            if endpoint.address != Some(address) {
                moved.push((branch.name().endpoint(endpoint.id.clone()), address));
            }
        }
        Ok(moved)
    }

    /// Withdraws the endpoints of a branch and stops its computes.
    pub(in crate::local::control) async fn withdraw(&self, branch: &Branch) -> Result<(), ErrorResponse> {
        for endpoint in branch.endpoints.values() {
            self.gateway.withdraw(&endpoint.uid).await;
            self.stop(branch, endpoint).await?;
        }
        // Standbys are made again when they are needed.
        self.remove_standbys(branch).await
    }

    /// Removes connections, computes and files of a branch whose row was removed before.
    pub(in crate::local::control) async fn remove(&self, branch: &Branch) -> Result<(), ErrorResponse> {
        for endpoint in branch.endpoints.values() {
            self.gateway.withdraw(&endpoint.uid).await;
            self.activity.forget(&endpoint.uid);
        }
        self.sizes.forget(&branch.uid);
        self.remove_standbys(branch).await?;
        self.remove_files(&branch.key()).await
    }

    /// Removes an endpoint whose row was removed before: its address, its connections and its compute.
    pub(in crate::local::control) async fn remove_endpoint(
        &self,
        branch: &Branch,
        endpoint: &Endpoint,
    ) -> Result<(), ErrorResponse> {
        self.gateway.withdraw(&endpoint.uid).await;
        self.activity.forget(&endpoint.uid);
        match endpoint.kind {
            Kind::ReadWrite => Ok(()),
            Kind::ReadOnly => self.remove_files(&branch.compute_key(endpoint)).await,
        }
    }

    async fn remove_standbys(&self, branch: &Branch) -> Result<(), ErrorResponse> {
        for endpoint in branch.read_only() {
            self.remove_files(&branch.compute_key(endpoint)).await?;
        }
        Ok(())
    }

    /// Removes the files of a snapshot whose row was removed before.
    pub(in crate::local::control) async fn remove_snapshot(
        &self,
        snapshot: &Snapshot,
    ) -> Result<(), ErrorResponse> {
        self.remove_files(&snapshot.key()).await
    }

    async fn remove_files(&self, key: &BranchKey) -> Result<(), ErrorResponse> {
        match self.engine.remove(key).await {
            Ok(()) | Err(EngineError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
