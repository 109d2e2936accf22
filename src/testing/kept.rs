//! Branches and databases of failed tests that are kept, and the commands to connect to them.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use secrecy::ExposeSecret as _;

use super::unavailable;
use crate::{error::Result, postgres::info::ConnectionInfo};

/// Whether the environment asks to keep them.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os("LAKEBASE_TEST_KEEP").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The commands to connect to a branch or database, prepared while the server runs.
pub(super) struct ConnectCommands {
    text: String,
    /// The directory that must not be removed.
    directory: Option<PathBuf>,
}

/// The file whose existence keeps a directory from being removed.
const MARK: &str = "kept";

pub(super) fn is_marked(directory: &Path) -> bool {
    directory.join(MARK).exists()
}

impl ConnectCommands {
    /// `directory` is the one to remove at the end, where the server ends with the tests.
    pub(super) async fn of(
        info: &ConnectionInfo,
        name: &str,
        data: &Path,
        directory: Option<&Path>,
    ) -> Result<Self> {
        let password = info.password().await?;
        let file = data.join(format!("{name}.pgpass"));
        let field = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let line = format!(
            "{}:{}:{}:{}:{}\n",
            field(&info.host),
            info.port,
            field(&info.database),
            field(&info.user),
            field(password.token.expose_secret())
        );
        private(&file, &line)
            .map_err(|e| unavailable(format!("writing '{}'", file.display())).with_source(e))?;
        let mut text = String::new();
        if directory.is_some() {
            let data = quoted(data);
            text += &format!(
                "\n  lakebase-local serve --durability fast --listen 127.0.0.1:0 --data-dir {data} &"
            );
        }
        text += &format!("\n  PGPASSFILE={} psql \"{}\"", quoted(&file), info.url());
        if let Some(directory) = directory {
            text += &format!("\nand when you are done:\n  rm -r {}", quoted(directory));
        }
        Ok(Self { text, directory: directory.map(Path::to_owned) })
    }

    /// Keeps the named branch or database and prints the commands. Printed rather than logged, as the variable requests this output.
    #[expect(clippy::print_stderr, reason = "the output of a test, asked for by the environment")]
    pub(super) fn keep(&self, name: &str) {
        if let Some(directory) = &self.directory
            && let Err(error) = fs::write(directory.join(MARK), "")
        {
            eprintln!("'{}' cannot be kept: {error}", directory.display());
            return;
        }
        eprintln!("kept {name}; for an hour, connect with{}", self.text);
    }
}

/// The path quoted for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// Writes a file that only its owner can read.
fn private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
