//! `lakebase console`: the page for the branches, served to one browser of this machine.

use std::{
    env, fs, io,
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    console,
    failure::{Result, Status, cannot},
    interrupt, output,
    session::Session,
};

#[derive(Debug, Args)]
pub(crate) struct Console {
    /// Allow changes of a workspace, too; those of the Lakebase on this machine are allowed
    #[arg(long)]
    allow_changes: bool,
    /// Only show, also the Lakebase on this machine
    #[arg(long, conflicts_with = "allow_changes")]
    read_only: bool,
    /// Print the address, and open no browser
    #[arg(long)]
    no_open: bool,
    /// The address to listen on; loopback only [default: any free port]
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", hide_default_value = true)]
    listen: SocketAddr,
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(session: &Session, options: &Console) -> Result<Status> {
    let target = &session.target;
    let listener = console::Console::bind(options.listen)
        .await
        .map_err(|error| cannot(format_args!("serve the console on {}", options.listen), &error))?;
    let allow_changes = !options.read_only && (target.is_local || options.allow_changes);
    let console = console::Console::start(
        listener,
        console::Options {
            lakebase: target.lakebase.clone(),
            description: target.description.clone(),
            allow_changes,
            is_local: target.is_local,
            project: session.known_project().cloned(),
        },
    )
    .map_err(|error| cannot("start the console", &error))?;
    let login = console.login_url().expose_secret();
    if session.json {
        output::print_json(&json!({"url": login, "allow_changes": allow_changes}))?;
    } else {
        output::print(login)?;
    }
    let may = if allow_changes { "changes are allowed" } else { "it shows, and changes nothing" };
    output::note(format_args!("{may}; the address logs one browser in, once; Ctrl-C ends the console"));
    let opened = if !options.no_open && has_browser() { Some(open(login)) } else { None };
    if let Some(Err(error)) = &opened {
        output::warn(format_args!("no browser could be opened ({error}); open the address yourself"));
    }
    wait_for_the_end().await?;
    drop(opened);
    output::note(format_args!("{} is closed", console.url()));
    Ok(Status::Success)
}

/// Whether a person is there to look, on a machine with a desktop. `xdg-open` without one starts a browser in the
/// terminal.
fn has_browser() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let desktop = cfg!(not(target_os = "linux")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    io::stdout().is_terminal() && io::stderr().is_terminal() && desktop
}

/// A file that is removed when it is dropped.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // The system clears its directory for temporary files too.
        let _ = fs::remove_file(&self.0);
    }
}

/// Opens a file that leads to the login. The login itself would be among the arguments of a process, which every user
/// of this machine can see.
fn open(login: &str) -> io::Result<Removed> {
    let path =
        env::temp_dir().join(format!("lakebase-console-{}-{}.html", std::process::id(), fastrand::u64(..)));
    let file = write_private(&path, login)?;
    open::that_detached(&path)?;
    Ok(file)
}

/// Writes a page that only this user can read. The address has no character that HTML gives a meaning.
fn write_private(path: &Path, login: &str) -> io::Result<Removed> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    let removed = Removed(path.to_owned());
    let head = format!("<meta http-equiv=\"refresh\" content=\"0; url={login}\"><title>Lakebase</title>");
    writeln!(file, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">{head}</head></html>")?;
    Ok(removed)
}

async fn wait_for_the_end() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            () = interrupt::pressed() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    interrupt::pressed().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_with_the_login_is_private_and_goes() {
        let path = env::temp_dir().join(format!("lakebase-console-test-{}.html", fastrand::u64(..)));
        let file = write_private(&path, "http://127.0.0.1:1/x/login?token=t").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(fs::read_to_string(&path).unwrap().contains("url=http://127.0.0.1:1/x/login?token=t"));
        assert!(write_private(&path, "").is_err());
        drop(file);
        assert!(!path.exists());
    }
}
