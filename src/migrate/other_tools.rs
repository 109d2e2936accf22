//! Directories of migrations as refinery, Diesel and dbmate lay them out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    files::{ordered, unreadable},
    migration::Migration,
    migrations::Migrations,
};
use crate::error::{Error, Result};

/// Directories of other tools. The migrations are recorded in the table of this crate, as those of
/// [`from_directory`](Migrations::from_directory) are: the tool's own table is neither read nor written. For a
/// database to which the tool has applied some already, pass on those that follow:
///
/// ```no_run
/// use lakebase::migrate::Migrations;
///
/// let all = Migrations::from_refinery_directory("migrations")?;
/// let new: Migrations = all.into_iter().skip_while(|migration| migration.id() != "V7__add_tier").collect();
/// # let _ = new;
/// # Ok::<(), lakebase::Error>(())
/// ```
impl Migrations {
    /// Reads a directory of refinery: `V1__first.sql` and `U2__second.sql`, in the order of their versions. The ids are
    /// the names without `.sql`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the directory or a file cannot be read, a migration is
    /// written in Rust, a file is named otherwise, a version occurs twice, or there is no migration.
    pub fn from_refinery_directory(path: impl AsRef<Path>) -> Result<Self> {
        let directory = path.as_ref();
        let mut found = Vec::new();
        for path in entries(directory)? {
            let name = name(&path);
            let version = || {
                let (number, rest) = name.strip_prefix(['V', 'U'])?.split_once("__")?;
                Some((number.parse::<i64>().ok()?, rest.len()))
            };
            match version() {
                Some((version, _)) if name.ends_with(".sql") => found.push((version, path)),
                Some(_) if name.ends_with(".rs") => {
                    let path = path.display();
                    let message =
                        format!("'{path}' is a migration in Rust, of which only refinery knows the SQL");
                    return Err(Error::invalid(message));
                }
                None if name.ends_with(".sql") => return Err(misnamed(&path, "V1__description.sql")),
                _ => {}
            }
        }
        ordered(found, directory)?.iter().map(Migration::from_file).collect()
    }

    /// Reads a directory of Diesel: `2026-01-31-120000_description/up.sql`, in the order of their versions. The ids are
    /// the names of the directories. `run_in_transaction = false` in `metadata.toml` is obeyed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when a file cannot be read, a directory is named otherwise or
    /// has no `up.sql`, a version occurs twice, or there is no migration.
    pub fn from_diesel_directory(path: impl AsRef<Path>) -> Result<Self> {
        let directory = path.as_ref();
        let mut found = Vec::new();
        for path in entries(directory)?.into_iter().filter(|path| path.is_dir()) {
            let name = name(&path);
            let version = name.split('_').next().unwrap_or_default().replace('-', "");
            let version = version.parse::<i64>();
            found.push((version.map_err(|_| misnamed(&path, "2026-01-31-120000_description"))?, path));
        }
        let read = |path: &PathBuf| {
            let up = path.join("up.sql");
            let sql = fs::read_to_string(&up).map_err(|error| unreadable(&up, error))?;
            let alone = runs_alone(&fs::read_to_string(path.join("metadata.toml")).unwrap_or_default());
            Ok(Migration::new(name(path), sql).in_file(&up).or_each_alone(alone))
        };
        ordered(found, directory)?.iter().map(read).collect()
    }

    /// Reads a directory of dbmate: `20260131120000_description.sql` with the part after `-- migrate:up`, in the order
    /// of their versions. The ids are the names without `.sql`. `transaction:false` is obeyed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the directory or a file cannot be read, a file is named
    /// otherwise or has no such part, a version occurs twice, or there is no migration.
    pub fn from_dbmate_directory(path: impl AsRef<Path>) -> Result<Self> {
        let directory = path.as_ref();
        let mut found = Vec::new();
        for path in entries(directory)? {
            let name = name(&path);
            if !name.ends_with(".sql") {
                continue;
            }
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            let version = name[..digits].parse::<i64>();
            found.push((version.map_err(|_| misnamed(&path, "20260131120000_description.sql"))?, path));
        }
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
            let (sql, alone) = up_part(&text).ok_or_else(|| {
                Error::invalid(format!(
                    "'{}' has no line '-- migrate:up'; dbmate needs one, too",
                    path.display()
                ))
            })?;
            let id = name(path);
            let id = id.strip_suffix(".sql").unwrap_or(&id);
            Ok(Migration::new(id, sql).in_file(path).or_each_alone(alone))
        };
        ordered(found, directory)?.iter().map(read).collect()
    }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(|error| unreadable(directory, error))?;
    entries.map(|entry| Ok(entry.map_err(|error| unreadable(directory, error))?.path())).collect()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn misnamed(path: &Path, example: &str) -> Error {
    Error::invalid(format!("'{}' is not named as a migration, such as {example}", path.display()))
}

/// Whether Diesel's settings of a migration take it out of a transaction.
fn runs_alone(metadata: &str) -> bool {
    metadata
        .lines()
        .filter_map(|line| line.split('#').next()?.split_once('='))
        .any(|(key, value)| key.trim() == "run_in_transaction" && value.trim() == "false")
}

/// The text between dbmate's marks, with empty lines before it so that errors name the lines of the file, and whether
/// it runs outside of a transaction.
fn up_part(text: &str) -> Option<(String, bool)> {
    let mark = |line: &str, name: &str| {
        let rest = line.trim().strip_prefix("--")?.trim_start().strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.to_owned())
    };
    let start = text.lines().position(|line| mark(line, "migrate:up").is_some())?;
    let options = mark(text.lines().nth(start)?, "migrate:up")?;
    let up = text.lines().skip(start + 1).take_while(|line| mark(line, "migrate:down").is_none());
    let sql = "\n".repeat(start + 1) + &up.collect::<Vec<_>>().join("\n");
    Some((sql, options.split_whitespace().any(|option| option == "transaction:false")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        directory
    }

    fn ids(migrations: &Migrations) -> Vec<&str> {
        migrations.iter().map(Migration::id).collect()
    }

    #[test]
    fn refinery_names_versions_with_a_letter() {
        let files = directory(&[
            ("V10__c.sql", "select 3"),
            ("V2__b.sql", "select 2"),
            ("U1__a.sql", "select 1"),
            ("mod.rs", ""),
            ("README.md", ""),
        ]);
        let all = Migrations::from_refinery_directory(files.path()).unwrap();
        assert_eq!(ids(&all), ["U1__a", "V2__b", "V10__c"]);
        for (file, part) in [
            ("V3__d.rs", "is a migration in Rust"),
            ("1_a.sql", "is not named as a migration"),
            ("V02__b.sql", "version 2 is there twice"),
        ] {
            let path = files.path().join(file);
            fs::write(&path, "select 1").unwrap();
            let error = Migrations::from_refinery_directory(files.path()).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn diesel_has_a_directory_for_each_migration() {
        let files = directory(&[
            ("2026-02-01-000000_b/up.sql", "create index concurrently i on t (a)"),
            ("2026-02-01-000000_b/metadata.toml", "run_in_transaction = false # it builds an index\n"),
            ("2026-01-31-120000_a/up.sql", "create table t (a int)"),
            ("2026-01-31-120000_a/down.sql", "drop table t"),
            (".keep", ""),
        ]);
        let all = Migrations::from_diesel_directory(files.path()).unwrap();
        assert_eq!(ids(&all), ["2026-01-31-120000_a", "2026-02-01-000000_b"]);
        assert_eq!(all.iter().map(Migration::each_alone).collect::<Vec<_>>(), [false, true]);
        fs::create_dir(files.path().join("2026-03-01-000000_c")).unwrap();
        assert!(Migrations::from_diesel_directory(files.path()).is_err(), "no up.sql");
    }

    #[test]
    fn dbmate_has_both_directions_in_a_file() {
        let up = "-- a comment\n-- migrate:up transaction:false\nselect 1;\nselect 2;\n-- migrate:down\ndrop table t;\n";
        let files =
            directory(&[("20260131120000_a.sql", up), ("20260201000000_b.sql", "--migrate:up\nselect 3\n")]);
        let all = Migrations::from_dbmate_directory(files.path()).unwrap();
        assert_eq!(ids(&all), ["20260131120000_a", "20260201000000_b"]);
        assert_eq!(all.iter().map(Migration::each_alone).collect::<Vec<_>>(), [true, false]);
        let first = all.iter().next().unwrap();
        assert_eq!(first.statements().unwrap().len(), 2);
        assert!(!first.sql().contains("drop table"));
        assert!(first.sql().starts_with("\n\nselect 1;"), "lines are those of the file");
        fs::write(files.path().join("20260301000000_c.sql"), "select 1").unwrap();
        let error = Migrations::from_dbmate_directory(files.path()).unwrap_err();
        assert!(error.to_string().contains("has no line '-- migrate:up'"), "{error}");
        let empty = tempfile::tempdir().unwrap();
        assert!(
            Migrations::from_dbmate_directory(empty.path())
                .unwrap_err()
                .to_string()
                .contains("no migration in")
        );
    }
}
