//! The local Lakebase that the tests of this process share.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use secrecy::SecretString;
use tokio::{
    runtime::{Builder, Handle},
    sync::{OnceCell, oneshot},
    task::JoinHandle,
};
use url::Url;

use super::{SPARES, kept::ConnectCommands, shared_server, unavailable};
use crate::{
    api::{client::Lakebase, name::BranchName},
    error::{Error, Result},
    local::{Durability, LocalError, LocalLakebase},
    postgres::info::ConnectionInfo,
};

/// The addresses and directories of a running server.
pub(super) struct Server {
    host: Url,
    token: SecretString,
    data_dir: PathBuf,
    /// Whether another process runs it, for other processes as well.
    pub(super) shared: bool,
    /// The directory that is removed at the end of the tests, where the server ends with them.
    directory: Option<PathBuf>,
    /// The runtime of the server. A test's own ends with the test; this one lives as long as the process.
    background: Handle,
}

/// Resources that live as long as the server is used.
struct Resources {
    local: LocalLakebase,
    _reaper: Option<Child>,
    _user: Option<File>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// The server, started or attached to on the first call.
pub(super) async fn server() -> Result<&'static Server> {
    SERVER.get_or_try_init(start).await
}

/// Removes a branch in the background.
pub(super) fn remove_later(branch: BranchName) {
    let Some(server) = SERVER.get() else { return };
    server.spawn(async move {
        let removed =
            async { server.client().await?.branch(&branch)?.delete().purge().allow_missing().await };
        if let Err(error) = removed.await {
            tracing::warn!(%branch, %error, "cannot remove a branch: it stays until it expires");
        }
    });
}

async fn start() -> Result<Server> {
    let (ready, started) = oneshot::channel();
    thread::Builder::new()
        .name("lakebase-testing".to_owned())
        .spawn(move || run(ready))
        .map_err(|e| unavailable("no thread for the local Lakebase").with_source(e))?;
    started.await.map_err(|_| unavailable("the local Lakebase ended while it was starting"))?
}

/// Runs the server to the end of the process.
fn run(ready: oneshot::Sender<Result<Server>>) {
    let runtime = match Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(unavailable("no runtime for the local Lakebase").with_source(error)));
            return;
        }
    };
    runtime.block_on(async {
        match open().await {
            Ok((server, resources)) => {
                let _ = ready.send(Ok(server));
                std::future::pending::<()>().await;
                drop(resources);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
}

async fn open() -> Result<(Server, Resources)> {
    let (resources, directory) = match std::env::var_os("LAKEBASE_TEST_DIR").filter(|dir| !dir.is_empty()) {
        Some(given) => {
            let local = LocalLakebase::builder().data_dir(given).attach().await.map_err(no_server)?;
            (Resources { local, _reaper: None, _user: None }, None)
        }
        None if shared_server::is_wanted() => {
            let (local, user) = shared_server::join().await?;
            let directory = local.data_dir().parent().map(Path::to_owned);
            (Resources { local, _reaper: None, _user: Some(user) }, directory)
        }
        None => {
            let directory = private_directory()?;
            let reaper = Some(reaper(&directory)?);
            let builder = LocalLakebase::builder().data_dir(directory.join("data"));
            let local =
                builder.durability(Durability::Fast).spares(SPARES).start().await.map_err(no_server)?;
            (Resources { local, _reaper: reaper, _user: None }, Some(directory))
        }
    };
    let local = &resources.local;
    let server = Server {
        host: local.host().clone(),
        token: local.token().clone(),
        data_dir: local.data_dir().to_owned(),
        shared: local.is_attached(),
        directory,
        background: Handle::current(),
    };
    Ok((server, resources))
}

fn no_server(error: LocalError) -> Error {
    Error::from(error).with_context("no local Lakebase for the tests")
}

/// A directory that PostgreSQL's account can traverse, which may be another account than that of the tests.
fn private_directory() -> Result<PathBuf> {
    let unusable = |e: std::io::Error| unavailable("no directory for the local Lakebase").with_source(e);
    let directory = tempfile::Builder::new().prefix("lakebase-test-").tempdir().map_err(unusable)?.keep();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o711)).map_err(unusable)?;
    }
    Ok(directory)
}

/// Removes the directory when this process ends, however it ends: the script's standard input closes then. Repeated for
/// a while, because the computes end at the same time and may still write. A directory marked as kept stays.
const REAPER: &str = r#"trap '' INT TERM HUP; read -r _; [ -e "$1/kept" ] && exit
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do rm -rf "$1" 2>/dev/null && exit; sleep 0.2; done"#;

fn reaper(directory: &Path) -> Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", REAPER, "sh"]).arg(directory);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    command.spawn().map_err(|e| unavailable("no shell to remove the directory of the tests").with_source(e))
}

impl Server {
    /// A client for the caller's runtime: the connections of a shared one would end with the runtime that opened them.
    pub(super) async fn client(&self) -> Result<Lakebase> {
        Lakebase::builder().host(self.host.as_str()).token(self.token.clone()).build().await
    }

    /// The address of the REST API, unique to this server.
    pub(super) fn host(&self) -> &Url {
        &self.host
    }

    /// Whether the server runs on when the tests end.
    pub(super) fn outlives_tests(&self) -> bool {
        self.directory.is_none()
    }

    /// The data directory of the server.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The commands to connect to a branch or database that is kept.
    pub(super) async fn login(&self, info: &ConnectionInfo, name: &str) -> Result<ConnectCommands> {
        ConnectCommands::of(info, name, &self.data_dir, self.directory.as_deref()).await
    }

    /// Runs a task that may outlive the test that starts it.
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.background.spawn(task)
    }
}
