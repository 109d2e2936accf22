//! Endpoints: the computes that serve a branch.

mod create;
mod delete;
mod settings;
mod update;

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::CreateEndpoint;
pub use delete::DeleteEndpoint;
pub use settings::Suspension;
pub(crate) use settings::{Size, check_bound, check_size, set_computes};
pub use update::UpdateEndpoint;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        client::Lakebase,
        name::{EndpointId, EndpointName},
        request::{ok_or_missing, read},
        resource::{InvalidField, forward, handle, model, named},
        wait::{PollResult, until},
        wire::{
            self,
            endpoint::{EndpointState, EndpointType},
        },
    },
    error::{Error, ErrorKind, Result},
    http::Request,
};

handle! {
    /// A handle to one endpoint: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited,
    /// so holding one says nothing about whether the endpoint exists.
    ///
    /// ```no_run
    /// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// let endpoint = lakebase.project("shop")?.branch("dev")?.endpoint("primary")?;
    /// let credential = endpoint.credential().await?;
    /// println!("log in before {}", credential.expire_time);
    /// # Ok(())
    /// # }
    /// ```
    Endpoint, EndpointName, EndpointId
}

/// The service's answer about an endpoint. The methods that usually follow a create or read are here; its
/// [`handle`](Self::handle) has all of them.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// for endpoint in branch.endpoints().await? {
///     println!("{} {} {:?}", endpoint.id(), endpoint.state, endpoint.hosts.host);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EndpointInfo {
    #[serde(skip)]
    handle: Endpoint,
    /// The whole name.
    pub name: EndpointName,
    /// The service's own key; the first label of the host name.
    pub uid: Option<String>,
    /// Read-write or read-only.
    pub endpoint_type: EndpointType,
    /// The state.
    pub state: EndpointState,
    /// The state that it changes to, while a change is applied.
    pub pending_state: Option<EndpointState>,
    /// The smallest size, in compute units.
    pub min_cu: Option<f64>,
    /// The largest size, in compute units.
    pub max_cu: Option<f64>,
    /// The idle time after which it is suspended.
    pub suspension: Suspension,
    /// Whether it refuses connections until it is enabled again.
    pub disabled: bool,
    /// High availability.
    pub group: EndpointGroup,
    /// PostgreSQL settings.
    pub pg_settings: BTreeMap<String, String>,
    /// Host names to connect to.
    pub hosts: EndpointHosts,
    /// Time of the last client activity.
    pub last_active_time: Option<DateTime<Utc>>,
    /// Creation time.
    pub create_time: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub update_time: Option<DateTime<Utc>>,
}

/// The computes of an endpoint that stand in for each other.
///
/// ```no_run
/// # fn example(endpoint: lakebase::model::EndpointInfo) {
/// let highly_available = endpoint.group.computes > 1;
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointGroup {
    /// The number of computes; 1 means no high availability.
    pub computes: u32,
    /// Whether the standbys answer reads.
    pub readable_secondaries: bool,
}

/// The host names of an endpoint. Take them from here; they cannot be put together.
///
/// ```no_run
/// # fn example(endpoint: lakebase::model::EndpointInfo) {
/// println!("psql -h {} -p {}", endpoint.hosts.host.as_deref().unwrap_or("?"), endpoint.hosts.port);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointHosts {
    /// The host, once it is known.
    pub host: Option<String>,
    /// The host that only answers reads.
    pub read_only_host: Option<String>,
    /// The host of the connection pooler in front of [`host`](Self::host).
    pub read_write_pooled_host: Option<String>,
    /// The host of the connection pooler in front of [`read_only_host`](Self::read_only_host).
    pub read_only_pooled_host: Option<String>,
    /// The port: 5432 unless the service names another one.
    pub port: u16,
    /// The file with the certificate authority that signed the endpoint's certificate, where the service names
    /// one; otherwise it is one that the system trusts.
    pub ca_cert: Option<PathBuf>,
}

model!(EndpointInfo, Endpoint, EndpointName, EndpointId, wire::endpoint::Endpoint, "endpoints");

impl EndpointInfo {
    fn from_wire(client: &Lakebase, wire: wire::endpoint::Endpoint) -> Result<Self, InvalidField> {
        let name: EndpointName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Endpoint::new(client, name.clone()),
            name,
            uid: wire.uid,
            endpoint_type: status.endpoint_type.unwrap_or(EndpointType::Unknown(String::new())),
            state: status.current_state.unwrap_or(EndpointState::Unknown(String::new())),
            pending_state: status.pending_state,
            min_cu: status.autoscaling_limit_min_cu,
            max_cu: status.autoscaling_limit_max_cu,
            suspension: Suspension::from_wire(status.suspend_timeout_duration),
            disabled: status.disabled.unwrap_or_default(),
            group: status.group.unwrap_or_default().into(),
            pg_settings: status.settings.and_then(|settings| settings.pg_settings).unwrap_or_default(),
            hosts: status.hosts.unwrap_or_default().into(),
            last_active_time: status.last_active_time,
            create_time: wire.create_time,
            update_time: wire.update_time,
        })
    }

    forward! {
        Endpoint:
        async fn wait_until_ready(&self) -> Result<EndpointInfo>;
        fn update(&self) -> UpdateEndpoint;
        fn delete(&self) -> DeleteEndpoint;
    }

    /// The reason why it cannot be connected to now, if so.
    pub(crate) fn not_ready(&self) -> Option<String> {
        if matches!(self.state, EndpointState::Init) {
            return Some(format!("the endpoint is {}", self.state));
        }
        self.hosts.host.is_none().then(|| "the endpoint has no host yet".to_owned())
    }
}

impl From<wire::endpoint::EndpointGroup> for EndpointGroup {
    fn from(wire: wire::endpoint::EndpointGroup) -> Self {
        Self {
            computes: wire.max.and_then(|max| u32::try_from(max).ok()).unwrap_or(1),
            readable_secondaries: wire.enable_readable_secondaries.unwrap_or_default(),
        }
    }
}

impl From<wire::endpoint::EndpointHosts> for EndpointHosts {
    fn from(wire: wire::endpoint::EndpointHosts) -> Self {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            host: some(wire.host),
            read_only_host: some(wire.read_only_host),
            read_write_pooled_host: some(wire.read_write_pooled_host),
            read_only_pooled_host: some(wire.read_only_pooled_host),
            port: wire
                .port
                .and_then(|port| u16::try_from(port).ok())
                .filter(|port| *port > 0)
                .unwrap_or(5432),
            ca_cert: some(wire.ca_cert).map(PathBuf::from),
        }
    }
}

impl Endpoint {
    /// The branch that the endpoint serves.
    pub fn branch(&self) -> Branch {
        Branch::new(&self.client, self.name.branch().clone())
    }

    /// Reads the endpoint as the service has it now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<EndpointInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading endpoint {name}"))).await
    }

    /// Reads the endpoint; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<EndpointInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Changes size, suspension, settings or high availability.
    pub fn update(&self) -> UpdateEndpoint {
        UpdateEndpoint::new(self)
    }

    /// Deletes a read-only endpoint; the read-write one goes with its branch.
    pub fn delete(&self) -> DeleteEndpoint {
        DeleteEndpoint::new(self)
    }

    /// Waits until it accepts connections: it is running or suspended (a login wakes it) and has a host.
    /// For at most three minutes.
    ///
    /// # Errors
    ///
    /// [`FailedPrecondition`](ErrorKind::FailedPrecondition) when it is disabled,
    /// [`Timeout`](ErrorKind::Timeout) with the last state seen.
    pub async fn wait_until_ready(&self) -> Result<EndpointInfo> {
        let ready = until!(
            self.client.deadlines().ready,
            match self.try_get().await? {
                None => Ok(PollResult::Pending("the endpoint is not there yet".to_owned())),
                Some(info) if info.disabled => Err(Error::new(
                    ErrorKind::FailedPrecondition,
                    "the endpoint is disabled; enable it with update().disabled(false)",
                )),
                Some(info) => Ok(match info.not_ready() {
                    Some(why) => PollResult::Pending(why),
                    None => PollResult::Ready(info),
                }),
            }
        );
        ready.await.map_err(|error| error.with_context(format!("waiting until {} is ready", self.name)))
    }

    /// Waits until no change is pending, for at most three minutes.
    pub(crate) async fn wait_until_applied(&self) -> Result<EndpointInfo> {
        let applied = until!(self.client.deadlines().ready, {
            let info = self.get().await?;
            Ok(match &info.pending_state {
                Some(state) if *state != EndpointState::Unknown(String::new()) => {
                    PollResult::Pending(format!("the endpoint is becoming {state}"))
                }
                _ => PollResult::Ready(info),
            })
        });
        applied
            .await
            .map_err(|error| error.with_context(format!("waiting until {} is in a stable state", self.name)))
    }
}

impl Branch {
    /// Adds an endpoint: a read-only replica, or the read-write endpoint if the branch has none.
    ///
    /// A branch has one read-write endpoint, usually made with it under the id `primary`; to set that one up,
    /// [`replace_existing`](CreateEndpoint::replace_existing) or [`Endpoint::update`] it.
    pub fn create_endpoint(
        &self,
        id: impl TryInto<EndpointId, Error: Into<Error>>,
        endpoint_type: EndpointType,
    ) -> CreateEndpoint {
        CreateEndpoint::new(self, id.try_into().map_err(Into::into), endpoint_type)
    }
}

impl Lakebase {
    /// A handle to an endpoint by its whole name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) when the text is no endpoint name.
    pub fn endpoint(&self, name: impl TryInto<EndpointName, Error: Into<Error>>) -> Result<Endpoint> {
        Ok(Endpoint::new(self, name.try_into().map_err(Into::into)?))
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn create_endpoint(
            &self,
            id: impl TryInto<EndpointId, Error: Into<Error>>,
            endpoint_type: EndpointType
        ) -> CreateEndpoint;
    }
}
