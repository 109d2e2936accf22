//! A shell that cleans up after this process, however it ends.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// `$1` is the directory to remove once standard input closes; further arguments are a server to run until then.
///
/// A pipe closes with the process that holds its other end whatever ended that process, so neither server nor directory
/// outlives the tests, not even after a SIGKILL. Computes end with the process too and may write to their last moment.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
if [ $# -gt 0 ]; then "$@" >"$dir/log" 2>&1 & fi
read -r _
if [ $# -gt 0 ]; then kill -QUIT $!; wait $!; fi
for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$dir" 2>/dev/null && exit; sleep 0.3; done
"#;

/// Removes a directory, and ends the server in it, when dropped or when this process ends.
pub(crate) struct Reaper(Child);

impl Reaper {
    /// Removes `directory` in the end.
    pub(crate) fn of(directory: &Path) -> Self {
        Self::start(Command::new("/bin/sh"), directory, std::iter::empty::<&OsStr>())
    }

    /// Runs `server` until the end. `shell` is `/bin/sh`, with the account that the server has to run as.
    pub(crate) fn start(
        mut shell: Command,
        directory: &Path,
        server: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Self {
        shell.args(["-c", SCRIPT, "sh"]).arg(directory).args(server);
        // A Ctrl-C at the terminal is for the tests; the pipe tells the shell of their end.
        shell.process_group(0).current_dir("/");
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(shell.spawn().expect("/bin/sh runs"))
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
