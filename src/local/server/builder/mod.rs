//! Options of a local Lakebase, and its start.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use secrecy::SecretString;
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use super::{
    BranchCopies, LocalError, LocalLakebase, Running,
    data_dir::{Lock, is_served},
    default_data_dir, descriptors,
    record::Record,
};
use crate::local::{
    Durability,
    account::FileWorkers,
    api,
    control::{Control, ControlOptions, DoneAfter, Limits, make_room},
    engine::{DEFAULT_MAJOR, Engine, EngineOptions, PgVersion},
    gateway::{AddressPolicy, Authority},
    token::TokenSigner,
};

/// The time limit for another process that is starting on the same data directory.
const ATTACH_WITHIN: Duration = Duration::from_secs(30);
const ATTACH_PAUSE: Duration = Duration::from_millis(50);
/// A process that only looks whether the directory is served holds the lock for a moment.
const LOCK_ATTEMPTS: u32 = 5;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
const STATE_FILE: &str = "lakebase.state";
const DEFAULT_USER: &str = "developer@lakebase.local";

/// Options of a local Lakebase; all have defaults.
///
/// # Examples
///
/// ```
/// use lakebase::local::{Durability, LocalLakebase};
///
/// let builder = LocalLakebase::builder().durability(Durability::Fast).user("jane@example.com");
/// # let _ = builder;
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing starts until start() or attach_or_start() is awaited"]
pub struct LocalLakebaseBuilder {
    data_dir: Option<PathBuf>,
    durability: Durability,
    listen: SocketAddr,
    pg_bin: Option<PathBuf>,
    pg_version: WantedVersion,
    pg_user: Option<String>,
    user: String,
    latency: DoneAfter,
    idle_time_scale: u32,
    credential_time_scale: u32,
    limits: Limits,
    history_budget: Option<u64>,
}

/// The PostgreSQL of projects that ask for no version.
#[derive(Clone, Copy, Debug)]
enum WantedVersion {
    Preferred(u32),
    Only(u32),
}

impl Default for LocalLakebaseBuilder {
    fn default() -> Self {
        Self {
            data_dir: None,
            durability: Durability::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            pg_bin: None,
            pg_version: WantedVersion::Preferred(DEFAULT_MAJOR),
            pg_user: None,
            user: DEFAULT_USER.to_owned(),
            latency: DoneAfter::default(),
            idle_time_scale: 1,
            credential_time_scale: 1,
            limits: Limits::default(),
            history_budget: None,
        }
    }
}

impl LocalLakebaseBuilder {
    /// The data directory. Defaults to [`default_data_dir`]; created if it is missing. A directory with other contents
    /// is rejected.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Whether committed work survives a power cut. Defaults to [`Durability::Full`].
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The address of the REST API. Defaults to a free port of 127.0.0.1; only loopback addresses are accepted.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The directory with PostgreSQL's programs. Defaults to `LAKEBASE_PG_BIN`; without both, PostgreSQL is found, and
    /// fetched only where there is none or where a version that is asked for is missing.
    pub fn pg_bin(mut self, dir: impl Into<PathBuf>) -> Self {
        self.pg_bin = Some(dir.into());
        self
    }

    /// The major version for projects that do not ask for one. Where it is not installed it is fetched; where that
    /// fails, the start fails. The default is [`prefer_pg_version(18)`](Self::prefer_pg_version).
    pub fn pg_version(mut self, major: u32) -> Self {
        self.pg_version = WantedVersion::Only(major);
        self
    }

    /// The major version for projects that do not ask for one, if it is installed or was fetched before; else the
    /// newest installed version. It is fetched only on a machine without PostgreSQL. The default is 18, as in the
    /// service; [`LocalLakebase::pg_version`] returns which one it is.
    pub fn prefer_pg_version(mut self, major: u32) -> Self {
        self.pg_version = WantedVersion::Preferred(major);
        self
    }

    /// The account that runs PostgreSQL if this process is root. Defaults to `lakebase`, which is created if it is
    /// missing.
    pub fn pg_user(mut self, user: impl Into<String>) -> Self {
        self.pg_user = Some(user.into());
        self
    }

    /// The caller: an e-mail address, or the application id of a service principal.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// The most branches that a project can have; defaults to the 500 of the service.
    pub fn max_branches(mut self, branches: usize) -> Self {
        self.limits.max_branches = branches;
        self
    }

    /// Disk space, in megabytes, for the history of all branches, from which point-in-time branches are made; defaults
    /// to a tenth of what is free at the start. Beyond it, the oldest history is removed. With 0, none is kept.
    pub fn history_budget_mb(mut self, megabytes: u64) -> Self {
        self.history_budget = Some(megabytes.saturating_mul(1 << 20));
        self
    }

    /// Lets the idle time of computes pass this many times faster than the clock, for tests of their suspension:
    /// the shortest timeout that an endpoint may have is a minute.
    #[doc(hidden)]
    pub fn idle_time_scale(mut self, times: u32) -> Self {
        self.idle_time_scale = times.max(1);
        self
    }

    /// Lets credentials expire this many times earlier than they say in requests, for tests of their renewal.
    #[doc(hidden)]
    pub fn credential_time_scale(mut self, times: u32) -> Self {
        self.credential_time_scale = times.max(1);
        self
    }

    #[cfg(test)]
    pub(crate) fn latency(mut self, latency: DoneAfter) -> Self {
        self.latency = latency;
        self
    }

    /// Starts it in this process.
    ///
    /// # Errors
    ///
    /// [`LocalError`]: the data directory is in use, owned by another user or unreachable; the address is taken or not
    /// loopback; no PostgreSQL is available.
    pub async fn start(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        claim(&dir).await?;
        let mut attempts = LOCK_ATTEMPTS;
        loop {
            if let Some(lock) = Lock::take(&dir).await? {
                return self.start_with(dir, lock).await;
            }
            attempts -= 1;
            if attempts == 0 {
                return Err(LocalError::InUse { pid: Record::pid(&dir).await, data_dir: dir });
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    /// Attaches to the server that another process runs on this data directory, or starts one here.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`LocalError::Unresponsive`] when the other process does not answer within ten
    /// seconds, [`LocalError::InUse`] when it is not ready within thirty.
    pub async fn attach_or_start(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        claim(&dir).await?;
        let deadline = tokio::time::Instant::now() + ATTACH_WITHIN;
        loop {
            if let Some(lock) = Lock::take(&dir).await? {
                return self.start_with(dir, lock).await;
            }
            if let Some(record) = Record::read(&dir).await?
                && record.is_proven(&dir).await?
            {
                return Ok(LocalLakebase { record, data_dir: dir, running: None });
            }
            if tokio::time::Instant::now() > deadline {
                return Err(LocalError::InUse { pid: Record::pid(&dir).await, data_dir: dir });
            }
            tokio::time::sleep(ATTACH_PAUSE).await;
        }
    }

    /// Attaches to the server that another process runs on this data directory; starts none.
    ///
    /// # Errors
    ///
    /// [`LocalError::NotRunning`] when there is none; [`LocalError::Unresponsive`] when it does not answer within ten
    /// seconds; [`LocalError::Unproven`] when another process listens at its address.
    pub async fn attach(self) -> Result<LocalLakebase, LocalError> {
        let dir = self.dir()?;
        if !is_served(&dir).await? {
            return Err(LocalError::NotRunning { data_dir: dir });
        }
        match Record::read(&dir).await? {
            Some(record) if record.is_proven(&dir).await? => {
                Ok(LocalLakebase { record, data_dir: dir, running: None })
            }
            Some(record) => Err(LocalError::Unproven { data_dir: dir, host: record.host }),
            None => Err(LocalError::NotRunning { data_dir: dir }),
        }
    }

    /// Validates the options and returns the data directory.
    fn dir(&self) -> Result<PathBuf, LocalError> {
        // The user becomes a PostgreSQL role, whose name has at most 63 bytes.
        if !(1..=63).contains(&self.user.len()) || self.user.chars().any(char::is_control) {
            return Err(LocalError::BadUser { user: self.user.clone() });
        }
        if !self.listen.ip().is_loopback() {
            return Err(LocalError::NotLoopback { address: self.listen });
        }
        let dir = self.data_dir.clone().map_or_else(default_data_dir, Ok)?;
        std::path::absolute(&dir).map_err(|source| LocalError::DataDir {
            action: "resolve",
            path: dir,
            source,
        })
    }

    async fn start_with(self, dir: PathBuf, lock: Lock) -> Result<LocalLakebase, LocalError> {
        descriptors::raise_limit();
        let state = dir.join(STATE_FILE);
        let free = move || {
            make_room(&state);
            Ok::<_, LocalError>(())
        };
        FileWorkers::privileged().run(free).await?;
        // Bound first, so that a taken address fails before anything starts.
        let (listener, address) = listen(self.listen).await?;
        let keys = dir.clone();
        let load = move || {
            Authority::load_or_create(&keys)
                .map_err(|error| LocalError::start("make the certificate authority", error))
        };
        let authority = FileWorkers::privileged().run(load).await?;
        let ca_cert = authority.certificate_file().to_owned();
        let engine = self.engine(&dir).await?;
        let version = self.version(&engine).await?;
        let copies = engine.clone_method().map_or(BranchCopies::Unknown, Into::into);
        let control = self.control(&dir, engine, version, authority).await?;
        let secrets = Arc::clone(&control);
        let token = FileWorkers::privileged().run(move || api_token(&secrets)).await?;
        let host = Url::parse(&format!("http://{address}"))
            .map_err(|error| LocalError::start("name the host", error))?;
        let record = Record {
            host: host.clone(),
            token: token.clone(),
            user: self.user,
            ca_cert,
            pid: std::process::id(),
            pg_version: version.to_string(),
            copies,
        };
        record.write(&dir).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = api::router(Arc::clone(&control), token, host);
        // The server stops when the sender is dropped.
        let server = tokio::spawn(api::serve(listener, router, async move { drop(stopped.await) }));
        let runtime = tokio::runtime::Handle::current();
        let running = Running { control, server, stop: Some(stop), runtime, lock: Arc::new(lock) };
        Ok(LocalLakebase { record, data_dir: dir, running: Some(running) })
    }

    async fn engine(&self, dir: &Path) -> Result<Engine, LocalError> {
        let options = EngineOptions {
            root: dir.to_owned(),
            pg_bin: self.pg_bin.clone().or_else(default_pg_bin),
            pg_user: self.pg_user.clone(),
            durability: self.durability,
            progress: None,
            history_budget: self.history_budget,
        };
        Ok(Engine::open(options).await?)
    }

    async fn version(&self, engine: &Engine) -> Result<PgVersion, LocalError> {
        Ok(match self.pg_version {
            WantedVersion::Only(major) => engine.resolve_version(Some(major)).await?,
            WantedVersion::Preferred(major) => engine.prefer_version(major).await?,
        })
    }

    async fn control(
        &self,
        dir: &Path,
        engine: Engine,
        version: PgVersion,
        authority: Authority,
    ) -> Result<Arc<Control>, LocalError> {
        let control = Control::open(ControlOptions {
            state_file: dir.join(STATE_FILE),
            sync: self.durability == Durability::Full,
            engine,
            authority,
            addresses: AddressPolicy::default(),
            user: self.user.clone(),
            pg_version: version.major,
            latency: self.latency,
            idle_time_scale: self.idle_time_scale,
            credential_time_scale: self.credential_time_scale,
            limits: self.limits,
        });
        control.await.map_err(|error| LocalError::start("open the state", error))
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), LocalError> {
    let bind = async |address| {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, bound))
    };
    match bind(address).await {
        Ok(listening) => Ok(listening),
        Err(source) => {
            let free = bind(SocketAddr::new(address.ip(), 0)).await.ok().map(|(_, free)| free);
            Err(LocalError::Listen { address, free, source })
        }
    }
}

fn default_pg_bin() -> Option<PathBuf> {
    std::env::var_os("LAKEBASE_PG_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

async fn claim(dir: &Path) -> Result<(), LocalError> {
    Ok(Engine::claim(dir).await?)
}

/// Generated once per data directory, so that clients configured with it keep working.
fn api_token(control: &Control) -> Result<SecretString, LocalError> {
    let key = TokenSigner::generate_key().map_err(|error| LocalError::start("make a token", error))?;
    let make = || format!("lakebase-{}", key.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    control
        .secret("api-token", make)
        .map(SecretString::from)
        .map_err(|error| LocalError::start("keep the token", error))
}
