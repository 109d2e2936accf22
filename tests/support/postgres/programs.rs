//! The PostgreSQL programs of this machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::child::output;

/// An account for servers where the tests run as root, as whom PostgreSQL refuses to run.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

impl Account {
    /// `postgres`, else `nobody`; none where the tests do not run as root.
    pub(crate) fn of_postgres() -> Option<Self> {
        let id = |arguments: &[&str]| -> Option<u32> {
            let output = output(Command::new("id").args(arguments));
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let account = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| Some(Self { uid: id(&["-u", name])?, gid: id(&["-g", name])? }));
        Some(account.expect("root has an account postgres or nobody"))
    }
}

/// The programs of `LAKEBASE_PG_BIN`, or of the newest PostgreSQL that is installed whole.
///
/// # Panics
///
/// If there is none: tests that need PostgreSQL must not pass without it.
pub(crate) fn server() -> PathBuf {
    let (found, programs) = match std::env::var_os("LAKEBASE_PG_BIN") {
        Some(given) => (vec![PathBuf::from(given)], &["initdb", "postgres"][..]),
        None => (installed(), &["initdb", "postgres", "psql", "pg_dump"][..]),
    };
    found.into_iter().find(|bin| programs.iter().all(|name| bin.join(name).is_file())).expect(
        "PostgreSQL with its client programs is needed: install it (apt-get install postgresql), \
         or name the directory of its programs in LAKEBASE_PG_BIN",
    )
}

/// The programs of `LAKEBASE_PG_OTHER_BIN`, or of the newest supported PostgreSQL of another major version, fetched ones
/// included.
pub(crate) fn server_of_another_version(major: u32) -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("LAKEBASE_PG_OTHER_BIN") {
        return Some(PathBuf::from(given));
    }
    let fetched = std::fs::read_dir("/var/cache/lakebase").into_iter().flatten().flatten();
    let fetched = fetched.map(|entry| entry.path().join("bin"));
    let mut found: Vec<(u32, PathBuf)> = installed()
        .into_iter()
        .chain(fetched)
        .filter(|bin| ["initdb", "postgres"].iter().all(|name| bin.join(name).is_file()))
        .map(|bin| (major_version(&bin.join("postgres")), bin))
        .filter(|(version, _)| (15..=18).contains(version) && *version != major)
        .collect();
    found.sort();
    Some(found.pop()?.1)
}

/// A client program that is not older than `major`: beside the server, or else the newest that is installed.
pub(crate) fn client(server: &Path, name: &str, major: u32) -> Option<PathBuf> {
    let known = std::iter::once(server.to_owned()).chain(installed()).map(|bin| bin.join(name));
    known.filter(|program| program.is_file()).find(|program| major_version(program) >= major)
}

/// Directories with programs of PostgreSQL, the newest first, then those on the `PATH`.
fn installed() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut bins: Vec<PathBuf> = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    bins.retain(|bin| bin.join("postgres").is_file());
    bins.sort_by_key(|bin| std::cmp::Reverse(major_version(&bin.join("postgres"))));
    let path = std::env::var_os("PATH").unwrap_or_default();
    bins.extend(std::env::split_paths(&path));
    bins
}

pub(crate) fn major_version(program: &Path) -> u32 {
    let output = output(Command::new(program).arg("--version"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let digits = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().expect("a version")
}
