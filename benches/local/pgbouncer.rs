//! A peer to compare the gateway with: PgBouncer with TLS, in front of the same PostgreSQL.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use super::Result;

/// Ends when dropped.
pub(crate) struct PgBouncer {
    pub(crate) port: u16,
    _child: Child,
}

impl PgBouncer {
    /// `None` where it is not installed. `dir` holds PostgreSQL's Unix socket, its port is `port` and its
    /// certificate is in `data`; `owner` is the account that all of them run as.
    pub(crate) async fn start(dir: &Path, port: u16, data: &Path, owner: (u32, u32)) -> Result<Option<Self>> {
        let Some(program) = program() else { return Ok(None) };
        let own = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (dir, data, settings) = (dir.display(), data.display(), dir.join("pgbouncer.ini"));
        let text = format!(
            "[databases]\npostgres = host={dir} port={port} user=bench dbname=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\nauth_type = any\npool_mode = session\n\
             default_pool_size = 50\nclient_tls_sslmode = require\nclient_tls_key_file = {data}/server.key\n\
             client_tls_cert_file = {data}/server.crt\n"
        );
        fs::write(&settings, text)?;
        chown(&settings, Some(owner.0), Some(owner.1))?;
        let mut command = Command::new(program);
        command.arg("-q").arg(&settings).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.0).gid(owner.1);
        }
        let mut child = command.spawn()?;
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", own)).await.is_ok() {
                return Ok(Some(Self { port: own, _child: child }));
            }
            if let Some(status) = child.try_wait()? {
                return Err(format!("PgBouncer did not start: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("PgBouncer does not listen".into())
    }
}

/// Distributions put it where only root looks.
fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join("pgbouncer"))
        .find(|program| program.exists())
}
