//! Installed versions of PostgreSQL.

use std::{
    collections::HashSet,
    env, fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};

use crate::local::account::{Account, check_reach};

/// A version of PostgreSQL, such as 17.10.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct PgVersion {
    /// Data directories fit all minor versions of one major.
    pub(crate) major: u32,
    /// Zero for a version before its release.
    pub(crate) minor: u32,
}

impl fmt::Display for PgVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The oldest major that can do all we ask of it.
pub(super) const OLDEST: u32 = 15;

/// A directory with `postgres` and `initdb` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::local) struct Installation {
    pub(in crate::local) bin: PathBuf,
    pub(in crate::local) version: PgVersion,
}

impl Installation {
    /// Checks one directory; the error is a short reason why it is unusable.
    pub(super) fn inspect(bin: &Path, account: Option<&Account>) -> Result<Self, String> {
        for program in ["postgres", "initdb"] {
            if !bin.join(program).is_file() {
                return Err(format!("{} has no `{program}`", bin.display()));
            }
        }
        if let Some(account) = account {
            check_reach(bin, account).map_err(|error| error.to_string())?;
        }
        let output = Command::new(bin.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("{} does not run: {error}", bin.join("postgres").display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = parse_version(&text).ok_or_else(|| {
            let complaint = String::from_utf8_lossy(&output.stderr);
            format!("{} does not say its version: {}", bin.join("postgres").display(), complaint.trim())
        })?;
        if version.major < OLDEST {
            return Err(format!("{} is {version}, older than {OLDEST}", bin.display()));
        }
        Ok(Self { bin: real_bin(bin), version })
    }
}

/// Where a directory of links leads, so that the programs find what lies beside them.
fn real_bin(bin: &Path) -> PathBuf {
    let real = fs::canonicalize(bin.join("postgres")).ok();
    let real = real.as_deref().and_then(Path::parent).filter(|dir| dir.join("initdb").is_file());
    real.unwrap_or(bin).to_owned()
}

/// Reads `postgres (PostgreSQL) 17.10 (…)` and `… 18beta1`.
fn parse_version(text: &str) -> Option<PgVersion> {
    let number = text.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits = |text: &str| -> String { text.chars().take_while(char::is_ascii_digit).collect() };
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some(PgVersion { major: digits(major).parse().ok()?, minor: digits(minor).parse().unwrap_or(0) })
}

/// Directories where an installation may be, best first, each once.
pub(super) fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    places.extend(pg_config_bindir());
    for (parent, inside) in [
        ("/usr/lib/postgresql", "bin"),
        ("/usr/local/lib/postgresql", "bin"),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "bin"),
    ] {
        places.extend(
            subdirectories(Path::new(parent), |name| {
                name.starts_with("postgres") || name.starts_with(|first: char| first.is_ascii_digit())
            })
            .into_iter()
            .map(|dir| dir.join(inside)),
        );
    }
    places.extend(
        subdirectories(Path::new("/usr"), |name| name.starts_with("pgsql-"))
            .into_iter()
            .map(|dir| dir.join("bin")),
    );
    places.push(PathBuf::from("/usr/local/pgsql/bin"));
    let mut seen = HashSet::new();
    places.retain(|place| place.join("postgres").is_file() && seen.insert(fs::canonicalize(place).ok()));
    places
}

fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}

fn subdirectories(parent: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(&wanted))
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_distributions_print_them() {
        let parse = |text| parse_version(text).map(|version| version.to_string());
        assert_eq!(parse("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n").as_deref(), Some("15.13"));
        assert_eq!(parse("postgres (PostgreSQL) 18beta1").as_deref(), Some("18.0"));
        assert_eq!(parse("something else"), None);
    }

    #[test]
    fn an_empty_directory_is_no_installation() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Installation::inspect(dir.path(), None).unwrap_err().contains("has no `postgres`"));
    }
}
