//! `reladiff`, the tool that people compare tables with.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Instant,
};

use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, UnixStream},
};

use super::{CHANGED, DATABASE, support::postgres::Cluster};

/// The program, or the reason why it is not measured.
pub(super) struct Reladiff {
    program: Result<PathBuf, String>,
    _own: Option<TempDir>,
}

impl Reladiff {
    /// The program that `LAKEBASE_RELADIFF` names, else the one on the `PATH`, else one in a new virtual environment.
    pub(super) fn find() -> Self {
        if let Some(given) = std::env::var_os("LAKEBASE_RELADIFF") {
            return Self { program: runs(given.into()), _own: None };
        }
        if let Ok(program) = runs("reladiff".into()) {
            return Self { program: Ok(program), _own: None };
        }
        match install() {
            Ok((own, program)) => Self { program: runs(program), _own: Some(own) },
            Err(why) => Self { program: Err(why), _own: None },
        }
    }

    /// Seconds of a comparison of two servers.
    pub(super) async fn compare(&self, old: &Cluster, new: &Cluster) -> Result<f64, String> {
        let program = self.program.clone()?;
        let (old, new) = (tcp(old).await, tcp(new).await);
        let begun = Instant::now();
        // Four threads are its best choice on two cores.
        let run = move || {
            let mut command = Command::new(program);
            command.args([&old, "t", &new, "t", "-k", "id", "-c", "%", "-j", "4", "--json"]);
            output(&mut command)
        };
        let output = tokio::task::spawn_blocking(run).await.map_err(|error| error.to_string())??;
        let elapsed = begun.elapsed().as_secs_f64();
        let rows = String::from_utf8_lossy(&output.stdout).lines().count() as u64;
        match rows >= 2 * CHANGED {
            true => Ok(elapsed),
            false => Err(format!("it found {rows} rows: {}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

fn runs(program: PathBuf) -> Result<PathBuf, String> {
    output(Command::new(&program).arg("--version")).map(|_| program)
}

fn install() -> Result<(TempDir, PathBuf), String> {
    let own = tempfile::Builder::new().prefix("lakebase-reladiff-").tempdir();
    let own = own.map_err(|error| format!("a folder for it: {error}"))?;
    done(Command::new("python3").args(["-m", "venv"]).arg(own.path()))?;
    let packages = ["install", "--quiet", "--disable-pip-version-check", "reladiff", "psycopg2-binary"];
    done(Command::new(own.path().join("bin/pip")).args(packages))?;
    let program = own.path().join("bin/reladiff");
    Ok((own, program))
}

fn output(command: &mut Command) -> Result<Output, String> {
    let run = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    run.map_err(|error| format!("{}: {error}", command.get_program().to_string_lossy()))
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = output(command)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{}: {}",
            command.get_program().to_string_lossy(),
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

/// An address for programs that know no Unix sockets.
async fn tcp(cluster: &Cluster) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let socket = cluster.socket();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                if let Ok(mut server) = UnixStream::connect(socket).await {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    format!("postgresql://postgres:postgres@127.0.0.1:{port}/{DATABASE}")
}
