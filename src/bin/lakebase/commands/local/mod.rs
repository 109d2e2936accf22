//! `lakebase local …`: the Lakebase of this machine.

mod pull;

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{BufRead as _, BufReader},
    os::unix::{
        fs::{MetadataExt as _, OpenOptionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command as Program, Stdio},
    time::Duration,
};

use clap::{Subcommand, ValueEnum as _};
use lakebase::local::{LocalError, LocalLakebase, default_data_dir};
use rustix::{
    fs::OFlags,
    process::{Pid, Signal, geteuid, kill_process},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    failure::{Failure, Result, Status, cannot},
    global::Global,
    output::{self, BOLD, DIM},
    progress,
    serve::Serve,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve until SIGTERM or Ctrl-C; one line of JSON on standard output says when it is ready
    Serve(Serve),
    /// Start a server in the background
    Start(Serve),
    /// Stop the server
    Stop,
    /// Show the server; exit status 1 where none runs
    Status,
    /// Fill a project from any PostgreSQL
    Pull(pull::Pull),
}

/// The log of a server in the background, in its data directory.
const LOG: &str = "lakebase.log";
/// Longer than a server takes to stop.
const STOPS_WITHIN: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn run(global: &Global, command: &Command) -> Result<Status> {
    match command {
        // `main` has served already.
        Command::Serve(_) => Ok(Status::Success),
        Command::Start(options) => start(global, options).await,
        Command::Stop => stop(global).await,
        Command::Status => status(global).await,
        Command::Pull(pull) => pull::run(global, pull).await,
    }
}

/// The server that runs, if one does.
async fn running(global: &Global) -> Result<Option<LocalLakebase>> {
    match global.local_builder().attach().await {
        Ok(local) => Ok(Some(local)),
        Err(LocalError::NotRunning { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn data_dir(global: &Global) -> Result<PathBuf> {
    let dir = global.data_dir.clone().map_or_else(default_data_dir, Ok)?;
    std::path::absolute(&dir).map_err(|error| cannot(format_args!("resolve {}", dir.display()), &error))
}

async fn start(global: &Global, options: &Serve) -> Result<Status> {
    let already = running(global).await?;
    let started = already.is_none();
    let local = match already {
        Some(local) => local,
        None => started_server(global, options).await?,
    };
    show(global, &local, json!({"started": started})).await?;
    if !global.json {
        output::done(if started { "started" } else { "it runs already" });
        output::note("`lakebase console` opens its page");
    }
    Ok(Status::Success)
}

async fn started_server(global: &Global, options: &Serve) -> Result<LocalLakebase> {
    let dir = data_dir(global)?;
    let log = dir.join(LOG);
    let output = open_log(&dir, &log)?;
    let read = |error| cannot(format_args!("read {}", log.display()), &error);
    let before = output.metadata().map_err(read)?.len();
    let mut child = spawn(&dir, output, options)?;
    let Some(stdout) = child.stdout.take() else {
        return Err(Failure::new("the server has no standard output"));
    };
    let ready = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map(|_| line)
    });
    let wait = async { Ok::<_, Failure>(ready.await??) };
    let line =
        match progress::reading("starting; PostgreSQL is downloaded once where it is not installed", wait)
            .await
        {
            Ok(line) => line,
            Err(failure) => {
                end(&mut child);
                return Err(failure);
            }
        };
    if line.is_empty() {
        let _ = child.wait();
        let text = fs::read(&log).unwrap_or_default();
        let new = text.get(usize::try_from(before)?..).unwrap_or_default();
        let text = String::from_utf8_lossy(new);
        let reason = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        let reason = reason.strip_prefix("lakebase: ").unwrap_or(reason).to_owned();
        return Err(Failure::new(format!("the server does not start: {reason}"))
            .help(format!("its log is {}", log.display())));
    }
    match running(global).await? {
        Some(local) => Ok(local),
        None => Err(Failure::new("the server ended just after its start")
            .help(format!("its log is {}", log.display()))),
    }
}

impl Serve {
    /// The options as arguments of a server.
    fn arguments(&self) -> Result<Vec<OsString>> {
        let Self { listen, pg_bin, pg_version, pg_user, durability, .. } = self;
        let Self { user, max_branches, history_budget_mb, spares, console, .. } = self;
        let mut all: Vec<OsString> = vec![format!("--listen={listen}").into()];
        if let Some(dir) = pg_bin {
            let dir = std::path::absolute(dir);
            let dir = dir.map_err(|error| cannot("resolve the directory of PostgreSQL", &error))?;
            all.extend(["--pg-bin".into(), dir.into_os_string()]);
        }
        if let Some(durability) = durability.to_possible_value() {
            all.push(format!("--durability={}", durability.get_name()).into());
        }
        let texts = [
            ("pg-version", pg_version.map(|major| major.to_string())),
            ("pg-user", pg_user.clone()),
            ("user", user.clone()),
            ("max-branches", max_branches.map(|branches| branches.to_string())),
            ("history-budget-mb", history_budget_mb.map(|megabytes| megabytes.to_string())),
            ("spares", spares.map(|spares| spares.to_string())),
            ("console", console.map(|console| console.to_string())),
        ];
        all.extend(texts.into_iter().filter_map(|(name, value)| Some(format!("--{name}={}", value?).into())));
        Ok(all)
    }
}

/// Opens the log at its end, in a directory of this user only: in that of another one the name may lead anywhere.
fn open_log(dir: &Path, log: &Path) -> Result<File> {
    let write = |error| cannot(format_args!("write {}", log.display()), &error);
    fs::create_dir_all(dir).map_err(write)?;
    let owner = fs::metadata(dir).map_err(write)?.uid();
    if owner != geteuid().as_raw() {
        return Err(Failure::new(format!("{} is of another user, uid {owner}", dir.display()))
            .help("choose a directory of your own: --data-dir DIR"));
    }
    let mut open = OpenOptions::new();
    open.create(true).append(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    open.open(log).map_err(write)
}

/// A process of its own group, which a Ctrl-C at this terminal does not reach.
fn spawn(dir: &Path, output: File, options: &Serve) -> Result<Child> {
    let program = std::env::current_exe().map_err(|error| cannot("find this program", &error))?;
    let mut server = Program::new(program);
    server.args(["local", "serve", "--data-dir"]).arg(dir).args(options.arguments()?);
    server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(output).process_group(0);
    server.spawn().map_err(|error| cannot("start the server", &error))
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let _ = child.wait();
}

async fn stop(global: &Global) -> Result<Status> {
    let Some(local) = running(global).await? else {
        return stopped(global, false, "none runs");
    };
    let pid = i32::try_from(local.pid()).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else { return Err(Failure::new(format!("{} is no process", local.pid()))) };
    kill_process(pid, Signal::TERM)
        .map_err(|error| cannot(format_args!("end process {}", local.pid()), &error.into()))?;
    let wait = async {
        let deadline = Instant::now() + STOPS_WITHIN;
        loop {
            if !local.is_served().await? {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure::new(format!("process {} does not stop", local.pid()))
                    .help(format!("end it with kill -KILL {}; acknowledged work is kept", local.pid())));
            }
            sleep(PAUSE).await;
        }
    };
    progress::changing("stopping", wait).await?;
    stopped(global, true, "stopped")
}

fn stopped(global: &Global, was_running: bool, text: &str) -> Result<Status> {
    if global.json {
        output::print_json(&json!({"stopped": was_running, "data_dir": data_dir(global)?}))?;
    } else {
        output::done(text);
    }
    Ok(Status::Success)
}

async fn status(global: &Global) -> Result<Status> {
    if let Some(local) = running(global).await? {
        show(global, &local, json!({})).await?;
        return Ok(Status::Success);
    }
    let dir = data_dir(global)?;
    if global.json {
        output::print_json(&json!({"running": false, "data_dir": dir}))?;
    } else {
        output::print(format_args!("no local Lakebase runs on {}", dir.display()))?;
        output::note(format_args!("start it with `{}`", global.start_command()));
    }
    Ok(Status::Negative)
}

/// Prints what a server is, with further fields in JSON.
async fn show(global: &Global, local: &LocalLakebase, more: serde_json::Value) -> Result<()> {
    let client = local.client().await?;
    let projects = progress::reading("listing projects", client.projects()).await?;
    let projects: Vec<_> = projects.iter().map(|project| project.name.id().to_string()).collect();
    let host = local.host().as_str().trim_end_matches('/');
    if global.json {
        let mut object = json!({
            "running": true, "host": host, "pid": local.pid(), "pg_version": local.pg_version(),
            "copies": local.copies(), "data_dir": local.data_dir(), "user": local.user(), "projects": projects,
        });
        if let (Some(object), serde_json::Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        return output::print_json(&object);
    }
    let mut lines = vec![format!("{BOLD}local Lakebase{BOLD:#} {host}")];
    let mut field = |label: &str, value: String| lines.push(format!("  {DIM}{label:<10}{DIM:#} {value}"));
    field("data", local.data_dir().display().to_string());
    field("PostgreSQL", local.pg_version());
    field("branches", format!("are {}", local.copies()));
    field("user", local.user().to_owned());
    field("process", local.pid().to_string());
    field(
        "projects",
        if projects.is_empty() {
            "none: `lakebase init` creates one".to_owned()
        } else {
            projects.join(", ")
        },
    );
    output::print(lines.join("\n"))
}
