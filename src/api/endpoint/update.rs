//! Changes of endpoints.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{Endpoint, EndpointInfo, Size, Suspension, check_bound, check_size, set_computes};
use crate::{
    api::{
        mask::Mask,
        operation::Operation,
        request::{Arguments, sent_when_awaited, start},
        wire::endpoint::{Endpoint as Wire, EndpointSettings, EndpointSpec},
    },
    error::Result,
    http::Request,
};

/// A change of an endpoint; unset fields keep their values. Awaited, it waits until the change is applied.
///
/// A change of size, settings or high availability may drop connections for a moment.
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// use lakebase::model::Suspension;
///
/// endpoint.update().autoscaling(1.0..=8.0).suspension(Suspension::Never).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule, before anything
/// is sent; [`NotFound`](crate::ErrorKind::NotFound); [`Timeout`](crate::ErrorKind::Timeout) when the service is
/// still reconciling, or the change is still being applied, after three minutes. Also the errors of
/// [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UpdateEndpoint {
    endpoint: Endpoint,
    spec: EndpointSpec,
    mask: Mask,
    arguments: Arguments,
}

impl UpdateEndpoint {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        Self {
            endpoint: endpoint.clone(),
            spec: EndpointSpec::default(),
            mask: Mask::default(),
            arguments: Arguments::default(),
        }
    }

    /// The smallest and largest size, in compute units: 0.5 or whole numbers, not more than 16 apart.
    pub fn autoscaling(self, cu: RangeInclusive<f64>) -> Self {
        let mut both = self.min_cu(*cu.start()).max_cu(*cu.end());
        both.arguments.check(check_size(cu.into()));
        both
    }

    /// The smallest size alone, in compute units.
    pub fn min_cu(mut self, cu: f64) -> Self {
        self.arguments.check(check_bound(cu));
        self.spec.autoscaling_limit_min_cu = Some(cu);
        self.mask.add("spec.autoscaling_limit_min_cu");
        self
    }

    /// The largest size alone, in compute units.
    pub fn max_cu(mut self, cu: f64) -> Self {
        self.arguments.check(check_bound(cu));
        self.spec.autoscaling_limit_max_cu = Some(cu);
        self.mask.add("spec.autoscaling_limit_max_cu");
        self
    }

    /// The idle time after which it is suspended: 1 minute to 7 days, or never.
    pub fn suspension(mut self, suspension: Suspension) -> Self {
        self.arguments.check(suspension.check());
        (self.spec.suspend_timeout_duration, self.spec.no_suspension) = suspension.members();
        self.mask.add("spec.suspension");
        self
    }

    /// `true` suspends it and refuses connections until this is `false` again.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.spec.disabled = Some(disabled);
        self.mask.add("spec.disabled");
        self
    }

    /// The number of computes for high availability: 2 to 4, or 1 for none.
    /// More than one needs [`Suspension::Never`].
    pub fn computes(mut self, number: u32) -> Self {
        set_computes(&mut self.spec.group, number);
        self.mask.add("spec.group.min");
        self.mask.add("spec.group.max");
        self
    }

    /// Whether the standbys of a highly available endpoint answer reads.
    pub fn readable_secondaries(mut self, readable: bool) -> Self {
        self.spec.group.get_or_insert_default().enable_readable_secondaries = Some(readable);
        self.mask.add("spec.group.enable_readable_secondaries");
        self
    }

    /// PostgreSQL settings; they replace all that were set before.
    pub fn pg_settings(
        mut self,
        settings: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let settings: BTreeMap<_, _> = settings.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.spec.settings = Some(EndpointSettings { pg_settings: Some(settings) });
        self.mask.add("spec.settings.pg_settings");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule,
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn start(self) -> Result<Operation<EndpointInfo>> {
        let client = self.endpoint.client().clone();
        start(&client, self.request()?).await
    }

    async fn run(self) -> Result<EndpointInfo> {
        let changed = self.start().await?.await?;
        match &changed.pending_state {
            None => Ok(changed),
            Some(_) => changed.handle().wait_until_applied().await,
        }
    }

    fn request(self) -> Result<Request> {
        let name = self.endpoint.name().to_string();
        let context = format!("updating endpoint {name}");
        let size = self.spec.autoscaling_limit_min_cu.zip(self.spec.autoscaling_limit_max_cu);
        let sizes = size.map_or(Ok(()), |(min, max)| check_size(Size { min, max }));
        self.arguments.finish().and(sizes).map_err(|error| error.with_context(context.clone()))?;
        let mask = self.mask.text(&name)?;
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        Ok(Request::patch(&name, &body, context)?.query("update_mask", mask).idempotent())
    }
}

sent_when_awaited!(UpdateEndpoint => EndpointInfo);
