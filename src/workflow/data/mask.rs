//! Branches whose personal data is masked before anybody uses them.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    api::{
        branch::{Branch, BranchInfo, CreateBranch},
        expiry::hours,
        operation::{Operation, Progress},
        request::sent_when_awaited,
        resource::forward,
    },
    data::mask::{self, Masked, Report, Rules},
    error::{Error, ErrorKind, Result},
    postgres::connect::close,
    workflow::ephemeral::EphemeralBranch,
};

/// A request for a masked branch: [`CreateBranch::masked`]. Sent when it is awaited.
///
/// ```no_run
/// # async fn example(production: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{Expiry, data::mask::Rules, days};
///
/// let rules = Rules::from_toml(&std::fs::read_to_string("masking.toml").unwrap_or_default())?;
/// let dev = production.create_branch("dev", Expiry::after(days(7))).masked(&rules).await?;
/// # let _ = dev;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Awaiting it: those of [`CreateBranch`](crate::builder::CreateBranch#errors);
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) or [`Invalid`](crate::ErrorKind::Invalid) with all reasons
/// where the rules cannot be applied or a column that looks personal has none;
/// [`Database`](crate::ErrorKind::Database) where masking fails; [`Timeout`](crate::ErrorKind::Timeout) after the
/// [time limit](Self::time_limit). There is no branch then, except that the local Lakebase goes on after the limit: the
/// branch appears when it is masked.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateMasked {
    request: CreateBranch,
    rules: Rules,
    limit: Duration,
}

impl CreateBranch {
    /// Masks the new branch by these rules before it can be used. Where that fails there is no branch.
    ///
    /// The local Lakebase gives the branch an address when it is masked, and nothing of the data before is left in it. In
    /// a workspace the branch exists while it is masked through the caller's own login; see the guide about data.
    pub fn masked(self, rules: &Rules) -> CreateMasked {
        CreateMasked { request: self, rules: rules.clone(), limit: hours(1) }
    }
}

impl CreateMasked {
    /// The longest time that masking may take, and the time to live of an unfinished branch in a workspace. Default: an
    /// hour.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    async fn run(self) -> Result<BranchInfo> {
        let Self { request, rules, limit } = self;
        let branch = request.target()?;
        let rules = rules.with_some_key()?;
        let done = match in_hiding(&request, &rules, limit).await {
            Ok(Some(info)) => Ok(info),
            Ok(None) => in_the_open(request, &rules, limit).await,
            Err(error) => Err(error),
        };
        done.map_err(|error| error.with_context(format!("creating the masked branch {}", branch.name())))
    }
}

sent_when_awaited!(CreateMasked => BranchInfo);

/// The time between two looks at the operation of a local Lakebase.
const LOOK: Duration = Duration::from_millis(50);

/// Has the server create and mask the branch in one operation. Only the local Lakebase has that call.
async fn in_hiding(request: &CreateBranch, rules: &Rules, limit: Duration) -> Result<Option<BranchInfo>> {
    let json = serde_json::to_value(rules);
    let json = json.map_err(|error| Error::invalid(format!("the rules have no JSON form: {error}")))?;
    let started = request.clone().start_masked(json, rules.secret().cloned()).await?;
    let Some((branch, mut operation)) = started else { return Ok(None) };
    let waited = tokio::time::timeout(limit, end_of(&mut operation)).await;
    waited.unwrap_or_else(|_| {
        let text =
            format!("it still runs after {} s, and the branch appears when it is done", limit.as_secs());
        Err(Error::new(ErrorKind::Timeout, text).with_operation(operation.name().as_str()))
    })?;
    branch.wait_until_ready().await.map(Some)
}

async fn end_of(operation: &mut Operation<BranchInfo>) -> Result<BranchInfo> {
    loop {
        match operation.poll().await? {
            Progress::Done(branch) => return Ok(branch),
            Progress::Running => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Creates the branch with a short life, masks it through the caller's login, and then sets its expiry.
pub(crate) async fn in_the_open(request: CreateBranch, rules: &Rules, limit: Duration) -> Result<BranchInfo> {
    let (request, expiry, protected) = request.living(limit);
    let branch = EphemeralBranch::guarding(request).await?;
    let masked = tokio::time::timeout(limit, databases(&branch, rules)).await;
    let masked = masked.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Timeout, format!("it was not done within {} s", limit.as_secs())))
    });
    match masked {
        Ok(masked) => tracing::debug!(branch = %branch.name(), %masked, "masked the branch"),
        Err(error) => return branch.close_after(Err(error)).await,
    }
    let mut update = branch.update().expiry(expiry);
    if protected {
        update = update.protected(true);
    }
    match update.await {
        Ok(info) => {
            branch.keep();
            Ok(info)
        }
        Err(error) => branch.close_after(Err(error)).await,
    }
}

async fn databases(branch: &Branch, rules: &Rules) -> Result<Masked> {
    let mut all = Masked::default();
    for name in names(branch, rules).await? {
        let mut connection = branch.connect().database(&name).await?;
        let masked = mask::apply(&mut connection, &rules.for_database(&name)).await;
        close(connection).await;
        all.add(&masked.map_err(|error| Error::from(error).with_context(format!("database {name}")))?);
    }
    Ok(all)
}

/// Databases that users made, by SQL too, which the API does not list.
const DATABASES: &str = "select datname::pg_catalog.text from pg_catalog.pg_database
    where datallowconn and not datistemplate and datname operator(pg_catalog.<>) 'postgres'";

/// The databases of a branch, among them all that the rules name.
async fn names(branch: &Branch, rules: &Rules) -> Result<Vec<String>> {
    let listed = branch.databases().await?.into_iter().map(|database| database.postgres_database);
    let mut all: BTreeSet<String> = listed.collect();
    let mut connection = branch.connect().await?;
    let made = sqlx::query_scalar::<_, String>(DATABASES).fetch_all(&mut connection).await;
    close(connection).await;
    all.extend(made?);
    match rules.databases().find(|name| !all.iter().any(|known| known == name)) {
        Some(unknown) => Err(Error::invalid(format!(
            "the rules name database {unknown:?}, which {} has not",
            branch.name()
        ))),
        None => Ok(all.into_iter().collect()),
    }
}

/// A request for a check of rules: [`Branch::check_masking`].
///
/// ```no_run
/// # async fn example(production: lakebase::Branch) -> lakebase::Result<()> {
/// # let rules = lakebase::data::mask::Rules::new();
/// let report = production.check_masking(&rules).await?;
/// for finding in &report.findings {
///     eprintln!("{finding}");
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// Awaiting it, those of [`Branch::connect`]; [`Invalid`](crate::ErrorKind::Invalid) where the rules name a database that
/// the branch has not; [`Database`](crate::ErrorKind::Database) where rows cannot be read.
#[derive(Debug, Clone)]
#[must_use = "nothing is checked until the request is awaited"]
pub struct CheckMasking {
    branch: Branch,
    rules: Rules,
}

impl CheckMasking {
    async fn run(self) -> Result<Report> {
        let Self { branch, rules } = self;
        let check = async {
            let mut all = Report::default();
            for name in names(&branch, &rules).await? {
                let mut connection = branch.connect().database(&name).await?;
                let report = mask::check(&mut connection, &rules.for_database(&name)).await;
                close(connection).await;
                all.add_of(&name, report?);
            }
            Ok(all)
        };
        check
            .await
            .map_err(|error: Error| error.with_context(format!("checking the masks of {}", branch.name())))
    }
}

sent_when_awaited!(CheckMasking => Report);

impl Branch {
    /// Checks whether rules can be applied to all databases of the branch, and cover every column that looks personal.
    /// Nothing is changed.
    pub fn check_masking(&self, rules: &Rules) -> CheckMasking {
        CheckMasking { branch: self.clone(), rules: rules.clone() }
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn check_masking(&self, rules: &Rules) -> CheckMasking;
    }
}
