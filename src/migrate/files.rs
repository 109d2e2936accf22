//! Migrations in files: `VERSION_DESCRIPTION.sql`, or `.up.sql` with its `.down.sql`, as `sqlx` names them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{migration::Migration, migrations::Migrations};
use crate::error::{Error, Result};

impl Migration {
    /// Reads one file. The id is its name without `.sql` or `.up.sql`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it cannot be read or its name cannot be an id.
    ///
    /// ```no_run
    /// let migration = lakebase::migrate::Migration::from_file("migrations/20260101_add_tier.sql")?;
    /// # Ok::<(), lakebase::Error>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Error::invalid(format!("'{}' has no file name that could be a migration id", path.display()))
        })?;
        let id = name.strip_suffix(".up.sql").or_else(|| name.strip_suffix(".sql")).unwrap_or(name);
        let sql = fs::read_to_string(path).map_err(|e| unreadable(path, e))?;
        Ok(Self::new(id, sql).in_file(path))
    }
}

impl Migrations {
    /// Reads the migrations of a directory, in the order of their versions. `.down.sql` files and files that do not end
    /// in `.sql` are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the directory or a file cannot be read, a `.sql` file is
    /// not named `VERSION_DESCRIPTION.sql`, a version occurs twice, or there is no migration.
    ///
    /// ```no_run
    /// let migrations = lakebase::migrate::Migrations::from_directory("migrations")?;
    /// # Ok::<(), lakebase::Error>(())
    /// ```
    pub fn from_directory(path: impl AsRef<Path>) -> Result<Self> {
        let directory = path.as_ref();
        let mut found: Vec<(i64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(directory).map_err(|e| unreadable(directory, e))? {
            let path = entry.map_err(|e| unreadable(directory, e))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_file() && name.ends_with(".sql") && !name.ends_with(".down.sql") {
                found.push((version(&name)?, path));
            }
        }
        ordered(found, directory)?.iter().map(Migration::from_file).collect()
    }
}

/// Sorts paths by their versions, of which each occurs once.
pub(super) fn ordered(mut found: Vec<(i64, PathBuf)>, directory: &Path) -> Result<Vec<PathBuf>> {
    found.sort();
    if let Some([one, other]) = found.array_windows().find(|[one, other]| one.0 == other.0) {
        return Err(Error::invalid(format!(
            "version {} is there twice: '{}' and '{}'; give one of them another number",
            one.0,
            one.1.display(),
            other.1.display()
        )));
    }
    if found.is_empty() {
        return Err(Error::invalid(format!("there is no migration in '{}'", directory.display())));
    }
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn version(name: &str) -> Result<i64> {
    let number = name.split_once('_').map(|(number, _)| number);
    number.and_then(|number| number.parse().ok()).ok_or_else(|| {
        Error::invalid(format!(
            "'{name}' is not named as a migration: VERSION_DESCRIPTION.sql with a whole number first"
        ))
    })
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::invalid(format!("'{}' cannot be read", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(files: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for file in files {
            fs::write(directory.path().join(file), format!("select '{file}'")).unwrap();
        }
        directory
    }

    #[test]
    fn a_directory_is_read_in_the_order_of_its_versions() {
        let files = directory(&["10_c.sql", "9_b.up.sql", "9_b.down.sql", "1_a.sql", "README.md"]);
        let all = Migrations::from_directory(files.path()).unwrap();
        assert_eq!(all.iter().map(Migration::id).collect::<Vec<_>>(), ["1_a", "9_b", "10_c"]);
        assert!(all.iter().all(|migration| migration.file().is_some()));
    }

    #[test]
    fn a_misnamed_file_a_double_version_and_an_empty_directory_are_refused() {
        for (files, word) in [
            (&["first.sql"][..], "VERSION_DESCRIPTION"),
            (&["x_a.sql"], "whole number"),
            (&["1_a.sql", "01_b.sql"], "version 1 is there twice"),
            (&["notes.txt"], "no migration in"),
        ] {
            let files = directory(files);
            let error = Migrations::from_directory(files.path()).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
        assert!(Migrations::from_directory("/nowhere").unwrap_err().to_string().contains("cannot be read"));
        assert!(Migration::from_file("/nowhere/1_a.sql").is_err());
    }
}
