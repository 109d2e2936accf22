//! The program `lakebase`, command by command, on the local Lakebase; its JSON is compared with snapshots.

mod branches;
mod compare;
mod connect;
mod errors;
mod git;
mod local;
mod mask;
mod migrate;
mod pull_requests;
mod setup;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use secrecy::ExposeSecret as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    child::output,
    directory::directory,
    fixture::{Fixture, server},
};

/// The program in a directory of its own, with an environment that names one Lakebase.
struct Cli {
    directory: TempDir,
    variables: Vec<(&'static str, String)>,
    project: String,
}

/// How a run ended.
#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Cli {
    /// On the project of a test, named by the environment.
    fn of(fixture: &Fixture) -> Self {
        let project = fixture.project.name.id().to_string();
        let variables = vec![
            ("DATABRICKS_HOST", server().host.clone()),
            ("DATABRICKS_TOKEN", server().token.expose_secret().to_owned()),
            ("LAKEBASE_PROJECT", project.clone()),
        ];
        Self { directory: directory(), variables, project }
    }

    /// Where no Lakebase is named.
    fn alone() -> Self {
        let directory = directory();
        let data = directory.path().join("data").display().to_string();
        Self { directory, variables: vec![("LAKEBASE_LOCAL_DIR", data)], project: "shop".to_owned() }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakebase"));
        command.current_dir(self.path()).env("HOME", self.path());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let ours = ["DATABRICKS_", "LAKEBASE_", "GIT_", "GITHUB_", "PG"]
                .iter()
                .any(|ours| name.starts_with(ours));
            if ours && name != "LAKEBASE_PG_BIN" && name != "LAKEBASE_CACHE_DIR" {
                command.env_remove(&*name);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it; `arguments` are separated by blanks.
    #[track_caller]
    fn run(&self, arguments: &str) -> Ran {
        self.run_words(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    #[track_caller]
    fn run_words(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = output(self.command().args(arguments));
        let ran = Ran {
            status: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        };
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "colors in a pipe: {ran:?}"
        );
        ran
    }

    /// Runs what has to succeed and gives its standard output.
    #[track_caller]
    fn ok(&self, arguments: &str) -> String {
        self.run(arguments).expect(0).stdout
    }

    /// Runs it with `--json` and gives the shape of the answer.
    #[track_caller]
    fn json(&self, arguments: &str, status: i32) -> Value {
        let ran = self.run(&format!("--json {arguments}")).expect(status);
        let value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        self.shape(value)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces what differs from run to run.
    fn shape(&self, value: Value) -> Value {
        match value {
            Value::Object(members) => members
                .into_iter()
                .map(|(key, value)| {
                    let volatile = VOLATILE.contains(&key.as_str()) && !value.is_null();
                    let value = if volatile { Value::from(format!("[{key}]")) } else { self.shape(value) };
                    (key, value)
                })
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.shape(item)).collect(),
            Value::String(text) => {
                let text = text.replace(&self.project, "PROJECT");
                text.replace(&self.path().display().to_string(), "DIRECTORY").into()
            }
            other => other,
        }
    }
}

/// Members of JSON whose values differ from run to run.
const VOLATILE: [&str; 31] = [
    "DATABASE_URL",
    "PGHOST",
    "PGPASSWORD",
    "PGPORT",
    "PGSSLROOTCERT",
    "bytes",
    "copies",
    "created",
    "duration_ms",
    "expires",
    "fingerprint",
    "held_ms",
    "host",
    "kept",
    "method",
    "page",
    "pg_version",
    "pid",
    "port",
    "reason",
    "script",
    "size_bytes",
    "source_lsn",
    "source_time",
    "sslrootcert",
    "storage",
    "text",
    "remedy",
    "time",
    "uid",
    "url",
];

impl Ran {
    #[track_caller]
    fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Standard error has this text.
    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "{text:?} is not in {self:?}");
        self
    }
}

macro_rules! snapshot {
    ($name:literal, $value:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
            insta::assert_json_snapshot!($name, $value);
        });
    };
}
use snapshot;
