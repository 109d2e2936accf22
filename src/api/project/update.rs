//! Changes of projects.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use super::{CustomTag, Project, ProjectInfo};
use crate::{
    api::{
        endpoint::{Size, Suspension, check_size},
        mask::Mask,
        name::BranchName,
        operation::Operation,
        request::{Arguments, sent_when_awaited, start},
        wire::{
            format::Seconds,
            project::{CustomTag as WireTag, DefaultEndpointSettings, Project as Wire, ProjectSpec},
        },
    },
    error::{Error, Result},
    http::Request,
};

/// A change of a project's settings; unset fields keep their values.
///
/// The defaults for endpoints apply to endpoints created later, not to existing ones.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// use lakebase::{days, model::Suspension};
///
/// project
///     .update()
///     .history_retention(days(14))
///     .default_suspension(Suspension::Never)
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule, before anything
/// is sent; [`NotFound`](crate::ErrorKind::NotFound); [`PermissionDenied`](crate::ErrorKind::PermissionDenied);
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UpdateProject {
    project: Project,
    spec: ProjectSpec,
    mask: Mask,
    arguments: Arguments,
}

impl UpdateProject {
    pub(super) fn new(project: &Project) -> Self {
        Self {
            project: project.clone(),
            spec: ProjectSpec::default(),
            mask: Mask::default(),
            arguments: Arguments::default(),
        }
    }

    fn defaults(&mut self, path: &'static str) -> &mut DefaultEndpointSettings {
        self.mask.add(path);
        self.spec.default_endpoint_settings.get_or_insert_default()
    }

    /// The display name, 1 to 256 characters.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.spec.display_name = Some(name.into());
        self.mask.add("spec.display_name");
        self
    }

    /// The period in which point-in-time branches can begin, 2 to 35 days.
    pub fn history_retention(mut self, time: Duration) -> Self {
        self.spec.history_retention_duration = Some(Seconds(time));
        self.mask.add("spec.history_retention_duration");
        self
    }

    /// Sets the default branch, which must not expire.
    pub fn default_branch(mut self, branch: impl TryInto<BranchName, Error: Into<Error>>) -> Self {
        self.spec.default_branch = self.arguments.take::<BranchName>(branch).map(|name| name.to_string());
        self.mask.add("spec.default_branch");
        self
    }

    /// The smallest and largest size of later endpoints, in compute units: 0.5 or whole numbers.
    pub fn default_autoscaling(mut self, cu: RangeInclusive<f64>) -> Self {
        self.arguments.check(check_size(Size::from(cu.clone())));
        self.defaults("spec.default_endpoint_settings.autoscaling_limit_min_cu").autoscaling_limit_min_cu =
            Some(*cu.start());
        self.defaults("spec.default_endpoint_settings.autoscaling_limit_max_cu").autoscaling_limit_max_cu =
            Some(*cu.end());
        self
    }

    /// The idle time after which later endpoints are suspended: 1 minute to 7 days, or never.
    pub fn default_suspension(mut self, suspension: Suspension) -> Self {
        self.arguments.check(suspension.check());
        let defaults = self.defaults("spec.default_endpoint_settings.suspension");
        (defaults.suspend_timeout_duration, defaults.no_suspension) = suspension.members();
        self
    }

    /// PostgreSQL settings of later endpoints; they replace all that were set before.
    pub fn default_pg_settings(
        mut self,
        settings: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let settings: BTreeMap<_, _> = settings.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.defaults("spec.default_endpoint_settings.pg_settings").pg_settings = Some(settings);
        self
    }

    /// Whether roles may log in with passwords.
    pub fn native_login(mut self, allowed: bool) -> Self {
        self.spec.enable_pg_native_login = Some(allowed);
        self.mask.add("spec.enable_pg_native_login");
        self
    }

    /// The budget policy that the project is charged to.
    pub fn budget_policy_id(mut self, id: impl Into<String>) -> Self {
        self.spec.budget_policy_id = Some(id.into());
        self.mask.add("spec.budget_policy_id");
        self
    }

    /// Labels; they replace all that were there, and none clears them.
    pub fn custom_tags(mut self, tags: impl IntoIterator<Item = CustomTag>) -> Self {
        self.spec.custom_tags = Some(to_wire(tags));
        self.mask.add("spec.custom_tags");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or a value breaks a rule,
    /// [`NotFound`](crate::ErrorKind::NotFound), [`PermissionDenied`](crate::ErrorKind::PermissionDenied).
    pub async fn start(self) -> Result<Operation<ProjectInfo>> {
        let client = self.project.client().clone();
        start(&client, self.request()?).await
    }

    async fn run(self) -> Result<ProjectInfo> {
        self.start().await?.await
    }

    fn request(self) -> Result<Request> {
        let name = self.project.name().to_string();
        let context = format!("updating project {name}");
        self.arguments.finish().map_err(|error| error.with_context(context.clone()))?;
        let mask = self.mask.text(&name)?;
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        Ok(Request::patch(&name, &body, context)?.query("update_mask", mask).idempotent())
    }
}

sent_when_awaited!(UpdateProject => ProjectInfo);

pub(super) fn to_wire(tags: impl IntoIterator<Item = CustomTag>) -> Vec<WireTag> {
    tags.into_iter().map(|tag| WireTag { key: tag.key, value: tag.value }).collect()
}
