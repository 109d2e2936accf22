//! Creation of endpoints.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{EndpointInfo, Size, Suspension, check_size, set_computes};
use crate::{
    api::{
        branch::Branch,
        name::EndpointId,
        operation::Operation,
        request::{Arguments, sent_when_awaited, start},
        wire::endpoint::{Endpoint as Wire, EndpointSettings, EndpointSpec, EndpointType},
    },
    error::Result,
    http::Request,
};

/// A request to create an endpoint. Awaited, it is sent and waits until the endpoint accepts connections.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::model::EndpointType;
///
/// let replica = branch
///     .create_endpoint("reports", EndpointType::ReadOnly)
///     .autoscaling(0.5..=2.0)
///     .await?;
/// println!("{:?}", replica.hosts.read_only_host);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule, which the builder keeps
/// until then; [`AlreadyExists`](crate::ErrorKind::AlreadyExists), also for a second read-write endpoint of any id;
/// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist;
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when it is disabled, unless the request asks for that;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling, or the endpoint is still not ready,
/// after three minutes. Also the errors of [waiting](crate::Operation#errors) and of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateEndpoint {
    branch: Branch,
    id: Result<EndpointId>,
    spec: EndpointSpec,
    replace_existing: bool,
    arguments: Arguments,
}

impl CreateEndpoint {
    pub(super) fn new(branch: &Branch, id: Result<EndpointId>, endpoint_type: EndpointType) -> Self {
        let spec = EndpointSpec { endpoint_type: Some(endpoint_type), ..Default::default() };
        Self { branch: branch.clone(), id, spec, replace_existing: false, arguments: Arguments::default() }
    }

    /// The smallest and largest size, in compute units: 0.5 or whole numbers, not more than 16 apart.
    /// Default: the project's setting.
    pub fn autoscaling(mut self, cu: RangeInclusive<f64>) -> Self {
        self.arguments.check(check_size(Size::from(cu.clone())));
        self.spec.autoscaling_limit_min_cu = Some(*cu.start());
        self.spec.autoscaling_limit_max_cu = Some(*cu.end());
        self
    }

    /// The idle time after which it is suspended: 1 minute to 7 days, or never. Default: the project's setting.
    pub fn suspension(mut self, suspension: Suspension) -> Self {
        self.arguments.check(suspension.check());
        (self.spec.suspend_timeout_duration, self.spec.no_suspension) = suspension.members();
        self
    }

    /// Creates it disabled: it rejects connections until it is enabled. Off by default.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.spec.disabled = Some(disabled);
        self
    }

    /// The number of computes for high availability: 2 to 4, or 1 for none.
    /// More than one needs [`Suspension::Never`]. Default: 1.
    pub fn computes(mut self, number: u32) -> Self {
        set_computes(&mut self.spec.group, number);
        self
    }

    /// Whether the standbys of a highly available endpoint answer reads. Default: no.
    pub fn readable_secondaries(mut self, readable: bool) -> Self {
        self.spec.group.get_or_insert_default().enable_readable_secondaries = Some(readable);
        self
    }

    /// PostgreSQL settings. Default: the project's.
    pub fn pg_settings(
        mut self,
        settings: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let settings: BTreeMap<_, _> = settings.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.spec.settings = Some(EndpointSettings { pg_settings: Some(settings) });
        self
    }

    /// Applies these settings to an endpoint of this id that exists already, in place. Off by default.
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule,
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) for a second read-write endpoint whatever its id,
    /// [`NotFound`](crate::ErrorKind::NotFound) when the branch does not exist.
    pub async fn start(self) -> Result<Operation<EndpointInfo>> {
        let client = self.branch.client().clone();
        start(&client, self.request()?).await
    }

    async fn run(self) -> Result<EndpointInfo> {
        let disabled = self.spec.disabled == Some(true);
        let made = self.start().await?.await?;
        if disabled { Ok(made) } else { made.wait_until_ready().await }
    }

    fn request(self) -> Result<Request> {
        let id = self.id?;
        let context = format!("creating endpoint {}", self.branch.name().endpoint(id.clone()));
        self.arguments.finish().map_err(|error| error.with_context(context.clone()))?;
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        let path = format!("{}/endpoints", self.branch.name());
        Ok(Request::post(&path, &body, context)?.query("endpoint_id", id).replacing(self.replace_existing))
    }
}

sent_when_awaited!(CreateEndpoint => EndpointInfo);
