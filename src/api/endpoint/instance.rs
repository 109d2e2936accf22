//! The computes that run for an endpoint.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    api::{
        request::read,
        resource::sealed::Read,
        wire::endpoint::{ComputeInstance as Wire, ComputeRole, EndpointState},
    },
    client::Lakebase,
    error::Result,
    http::Request,
};

/// One running compute of an endpoint; a highly available endpoint has several.
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// for compute in endpoint.compute_instances().await? {
///     println!("{} {} {}", compute.id, compute.role, compute.state);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComputeInstanceInfo {
    /// The whole name.
    pub name: String,
    /// The service's id.
    pub id: String,
    /// Host name of the compute.
    pub host: Option<String>,
    /// The current state.
    pub state: EndpointState,
    /// The state that it changes to.
    pub pending_state: Option<EndpointState>,
    /// Its role in the endpoint.
    pub role: ComputeRole,
    /// Start time.
    pub start_time: Option<DateTime<Utc>>,
    /// Time of the suspension.
    pub suspend_time: Option<DateTime<Utc>>,
}

impl Read for ComputeInstanceInfo {
    const ITEMS: &'static str = "compute_instances";

    fn read<'de, D: Deserializer<'de>>(_: &Lakebase, answer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(answer)?;
        let name = wire.name.ok_or_else(|| D::Error::missing_field("name"))?;
        let last = || name.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self {
            id: wire.compute_instance_id.unwrap_or_else(last),
            name,
            host: wire.compute_host,
            state: wire.current_state.unwrap_or(EndpointState::Unknown(String::new())),
            pending_state: wire.pending_state,
            role: ComputeRole::from(wire.role.unwrap_or_default().as_str()),
            start_time: wire.start_time,
            suspend_time: wire.suspend_time,
        })
    }
}

impl super::Endpoint {
    /// Reads one of its computes.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when there is none,
    /// [`Invalid`](crate::ErrorKind::Invalid) when the id is not one segment of a path.
    pub async fn compute_instance(&self, id: &str) -> Result<ComputeInstanceInfo> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || !id.chars().all(plain) {
            return Err(crate::error::Error::invalid(format!(
                "'{id}' is no compute instance id: letters, digits, '-' and '_'"
            )));
        }
        let path = format!("{}/compute-instances/{id}", self.name());
        let context = format!("reading compute instance {path}");
        read(self.client(), Request::get(&path, context)).await
    }
}
