//! The local Lakebase that the tests of this process share.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
};

use secrecy::SecretString;
use tokio::{
    runtime::{Builder, Handle},
    sync::{OnceCell, oneshot},
};
use url::Url;

use super::{joined, kept::Login, unavailable};
use crate::{
    api::{branch::Branch, name::BranchName},
    client::Lakebase,
    error::{Error, Result},
    local::{Durability, LocalError, LocalLakebase},
};

/// What one needs to know of a running server.
pub(super) struct Server {
    host: Url,
    token: SecretString,
    data_dir: PathBuf,
    /// Another process runs it, and other processes use it too.
    pub(super) shared: bool,
    /// What is removed when the tests are over, and the server with it.
    directory: Option<PathBuf>,
}

/// What has to be kept as long as the server is used.
struct Held {
    local: LocalLakebase,
    _reaper: Option<Child>,
    _user: Option<File>,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// The runtime of the server. A test's own ends with the test; this one lives as long as the process.
static BACKGROUND: OnceLock<Handle> = OnceLock::new();

/// The server, started or attached to by the first who asks.
pub(super) async fn server() -> Result<&'static Server> {
    SERVER.get_or_try_init(start).await
}

/// Removes a branch without anybody waiting for it.
pub(super) fn remove_later(branch: BranchName) {
    let Some(background) = BACKGROUND.get() else { return };
    background.spawn(async move {
        let removed =
            async { server().await?.client().await?.branch(&branch)?.delete().purge().allow_missing().await };
        if let Err(error) = removed.await {
            tracing::warn!(%branch, %error, "left behind: the branch stays until its time to live is over");
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

/// The life of the server: to the end of the process.
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
            Ok((server, held)) => {
                BACKGROUND.get_or_init(Handle::current);
                let _ = ready.send(Ok(server));
                std::future::pending::<()>().await;
                drop(held);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
}

async fn open() -> Result<(Server, Held)> {
    let (held, directory) = match std::env::var_os("LAKEBASE_TEST_DIR").filter(|dir| !dir.is_empty()) {
        Some(given) => {
            let local = LocalLakebase::builder().data_dir(given).attach().await.map_err(not_to_be_had)?;
            (Held { local, _reaper: None, _user: None }, None)
        }
        None if joined::is_wanted() => {
            let (local, user) = joined::join().await?;
            let directory = local.data_dir().parent().map(Path::to_owned);
            (Held { local, _reaper: None, _user: Some(user) }, directory)
        }
        None => {
            let directory = private_directory()?;
            let reaper = Some(reaper(&directory)?);
            let builder = LocalLakebase::builder().data_dir(directory.join("data"));
            let local = builder.durability(Durability::Fast).start().await.map_err(not_to_be_had)?;
            (Held { local, _reaper: reaper, _user: None }, Some(directory))
        }
    };
    let local = &held.local;
    let server = Server {
        host: local.host().clone(),
        token: local.token().clone(),
        data_dir: local.data_dir().to_owned(),
        shared: local.is_attached(),
        directory,
    };
    Ok((server, held))
}

fn not_to_be_had(error: LocalError) -> Error {
    Error::from(error).with_context("no local Lakebase for the tests")
}

/// A directory that the account of PostgreSQL can pass through, which need not be the one of the tests.
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

/// Removes the directory when this process is gone, however it ended: its standard input closes then. The computes end
/// with this process too, and may write to their last moment. One that is marked as kept stays.
const REAPER: &str = r#"trap '' INT TERM HUP; read -r _; [ -e "$1/kept" ] && exit; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
rm -rf "$1" 2>/dev/null && exit; sleep 0.2; done"#;

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
    /// A client for the caller's runtime. Sharing one would tie its connections to the runtime of whichever test opened
    /// them.
    pub(super) async fn client(&self) -> Result<Lakebase> {
        Lakebase::builder().host(self.host.as_str()).token(self.token.clone()).build().await
    }

    /// A name for this server that no other has.
    pub(super) fn host(&self) -> &Url {
        &self.host
    }

    /// Where the server keeps everything.
    pub(super) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    pub(super) async fn how_to_connect(&self, branch: &Branch) -> Result<Login> {
        Login::of(branch, &self.data_dir, self.directory.as_deref()).await
    }
}
