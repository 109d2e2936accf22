//! `lakebase-local serve` and `lakebase local serve`: one server, until a signal.

mod init;
mod log;

use std::{
    error::Error,
    fmt,
    io::{self, IsTerminal as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::ValueEnum;
use lakebase::local::{Durability, LocalLakebase, LocalLakebaseBuilder};
use secrecy::ExposeSecret as _;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tracing_subscriber::EnvFilter;

use self::log::Log;
use crate::console::{self, Console};

/// The log filter unless `RUST_LOG` is set: a download that is tried again is reported when it fails.
const DEFAULT_FILTER: &str = "info,reqwest_retry=error";

/// The time limit for file work at the end of the server, which may never end on a disk that hangs.
const LEFT_WORK: Duration = Duration::from_secs(1);

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// A program that serves: the name in front of its errors, and the exit status of one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) failure: u8,
}

/// The options of a server, besides its data directory.
#[derive(Debug, Clone, clap::Args)]
// Its group would have the name of the command that it is flattened into.
#[group(skip)]
pub(crate) struct Serve {
    /// The address of the REST API; loopback only
    #[arg(long, default_value = "127.0.0.1:8432", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// The directory with PostgreSQL's programs [default: found, else fetched]
    #[arg(long, env = "LAKEBASE_PG_BIN")]
    pub(crate) pg_bin: Option<PathBuf>,
    /// The PostgreSQL major version of projects that do not ask for one [default: 18 where it is installed or fetched,
    /// else the newest installed]
    #[arg(long)]
    pub(crate) pg_version: Option<u32>,
    /// The account that runs PostgreSQL when this is root [default: lakebase, created if missing]
    #[arg(long)]
    pub(crate) pg_user: Option<String>,
    /// Committed work survives a power cut (full) or only a killed process (fast)
    #[arg(long, value_enum, default_value_t = DurabilityOption::Full)]
    pub(crate) durability: DurabilityOption,
    /// The caller's name and the user name of logins (default: developer@lakebase.local)
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// The most branches that a project can have [default: 500]
    #[arg(long)]
    pub(crate) max_branches: Option<NonZeroUsize>,
    /// Disk space for the history of all branches, in MB; 0 keeps none [default: a tenth of what is free at the start]
    #[arg(long, env = "LAKEBASE_HISTORY_BUDGET_MB")]
    pub(crate) history_budget_mb: Option<u64>,
    /// Warm spares for each branch that was branched lately; 0 for none [default: 1 with --durability fast, else 0]
    #[arg(long)]
    pub(crate) spares: Option<usize>,
    /// The address of the console, the page for the branches; loopback only, or `off` [default: the port after that of
    /// the REST API, or any free one]
    #[arg(long, value_name = "ADDRESS|off", value_parser = console_option)]
    pub(crate) console: Option<ConsoleOption>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsoleOption {
    Off,
    At(SocketAddr),
}

impl fmt::Display for ConsoleOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At(address) => address.fmt(f),
        }
    }
}

fn console_option(text: &str) -> Result<ConsoleOption, String> {
    if text == "off" { Ok(ConsoleOption::Off) } else { address(text).map(ConsoleOption::At) }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DurabilityOption {
    Full,
    Fast,
}

/// Serves in this process, with a log of its own.
pub(crate) fn main(program: Program, data_dir: Option<PathBuf>, serve: Serve) -> ExitCode {
    let Program { name, failure } = program;
    let log = match Log::start(std::io::stderr()) {
        Ok(log) => log,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{name}: starting the thread of the log: {error}");
            return failure.into();
        }
    };
    let code = match work(data_dir, serve, &log) {
        Ok(code) => code,
        Err(error) => {
            log.line(format!("{name}: {}\n", with_sources(&*error)).into_bytes());
            failure.into()
        }
    };
    log.flush();
    code
}

fn work(data_dir: Option<PathBuf>, arguments: Serve, log: &Log) -> Result<ExitCode> {
    if init::is_first_process() {
        return Ok(init::supervise()?);
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(log.clone())
        // A log that cannot be written would otherwise be reported with a macro that panics.
        .log_internal_errors(false)
        .init();
    let runtime = tokio::runtime::Runtime::new()?;
    let (listen, console) = (arguments.listen, arguments.console);
    let done = runtime.block_on(serve(builder(data_dir, arguments), listen, console));
    runtime.shutdown_timeout(LEFT_WORK);
    done.map(|()| ExitCode::SUCCESS)
}

async fn serve(
    builder: LocalLakebaseBuilder,
    listen: SocketAddr,
    console: Option<ConsoleOption>,
) -> Result<()> {
    // Registered before anything starts, so that a signal during the start stops it.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = console_listener(listen, console).await?;
    let local = tokio::select! {
        started = builder.start() => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let console = match listener {
        Some(listener) => Some(open_console(&local, listener).await?),
        None => None,
    };
    announce(&local, console.as_ref())?;
    tracing::info!(
        "ready: PostgreSQL {}, branches are {}; for other programs: eval \"$(lakebase-local env --data-dir {})\"",
        local.pg_version(),
        local.copies(),
        quoted(local.data_dir())
    );
    if let Some(console) = &console {
        tracing::info!("console: {}; `lakebase console` logs a browser in", console.url());
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(console);
    tracing::info!("stopping; a second signal ends the server at once");
    tokio::select! {
        () = local.shutdown() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The port of the console. Without an option it may be any, as the next one may be that of another server.
async fn console_listener(
    listen: SocketAddr,
    option: Option<ConsoleOption>,
) -> io::Result<Option<TcpListener>> {
    match option {
        Some(ConsoleOption::Off) => return Ok(None),
        Some(ConsoleOption::At(address)) => return Console::bind(address).await.map(Some),
        None => {}
    }
    let next = listen.port().checked_add(1).filter(|port| *port > 1).unwrap_or_default();
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match Console::bind(at(next)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Console::bind(at(0)).await.map(Some),
        bound => bound.map(Some),
    }
}

async fn open_console(local: &LocalLakebase, listener: TcpListener) -> Result<Console> {
    let options = console::Options {
        lakebase: local.client().await?,
        description: format!("local Lakebase {}", local.data_dir().display()),
        allow_changes: true,
        is_local: true,
        project: None,
    };
    let console = Console::start(listener, options)?;
    local.set_console_url(console.url().parse()?);
    Ok(console)
}

fn builder(data_dir: Option<PathBuf>, arguments: Serve) -> LocalLakebaseBuilder {
    let Serve { listen, pg_bin, pg_version, pg_user, durability, user, .. } = arguments;
    let durability = match durability {
        DurabilityOption::Full => Durability::Full,
        DurabilityOption::Fast => Durability::Fast,
    };
    let mut builder = LocalLakebase::builder().listen(listen).durability(durability);
    if let Some(dir) = data_dir {
        builder = builder.data_dir(dir);
    }
    if let Some(bin) = pg_bin {
        builder = builder.pg_bin(bin);
    }
    if let Some(major) = pg_version {
        builder = builder.pg_version(major);
    }
    if let Some(account) = pg_user {
        builder = builder.pg_user(account);
    }
    if let Some(user) = user {
        builder = builder.user(user);
    }
    if let Some(branches) = arguments.max_branches {
        builder = builder.max_branches(branches.get());
    }
    if let Some(megabytes) = arguments.history_budget_mb {
        builder = builder.history_budget_mb(megabytes);
    }
    if let Some(spares) = arguments.spares {
        builder = builder.spares(spares);
    }
    builder
}

/// Prints the one line on stdout that programs wait for.
fn announce(local: &LocalLakebase, console: Option<&Console>) -> io::Result<()> {
    let line = serde_json::json!({
        "host": host(local),
        "token": local.token().expose_secret(),
        "user": local.user(),
        "data_dir": local.data_dir(),
        "ca_cert": local.ca_cert(),
        "pid": std::process::id(),
        "console": console.map(|console| console.login_url().expose_secret()),
    });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// An address and a port; `localhost` is 127.0.0.1.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    port.map_or_else(|| text.parse().ok(), |port| Some((Ipv4Addr::LOCALHOST, port).into())).ok_or_else(|| {
        "an address and a port are needed, such as 127.0.0.1:8432, or 127.0.0.1:0 for any free port"
            .to_owned()
    })
}

/// The path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// The host without the slash at its end.
pub(crate) fn host(local: &LocalLakebase) -> &str {
    local.host().as_str().trim_end_matches('/')
}

/// An error and its causes in one line.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
