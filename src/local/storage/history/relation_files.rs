//! Files of relations: those that a masked branch keeps, and the removal of all others.
//!
//! A crash in the middle of `CREATE DATABASE`, `DROP DATABASE` or the creation of a table leaves files that no catalog
//! names and PostgreSQL never removes.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use crate::local::{
    engine_error::EngineError,
    storage::{Storage, names_in, regular},
};

/// Files that are no relation's, in the directory of a database and in that of what all databases share.
const OF_DATABASE: [&str; 3] = ["PG_VERSION", "pg_filenode.map", "pg_internal.init"];
const OF_ALL: [&str; 3] = ["pg_control", "pg_filenode.map", "pg_internal.init"];

/// The numbers of the files of relations that catalogs name.
#[derive(Debug, Default)]
pub(crate) struct KeptFiles {
    /// By the oid of the database; `None` for one that is kept whole.
    databases: HashMap<u32, Option<HashSet<u32>>>,
    shared: HashSet<u32>,
}

impl KeptFiles {
    /// Adds a database with its files, each with whether all databases share it.
    pub(in crate::local) fn add(
        &mut self,
        database: i64,
        files: Option<Vec<(i64, bool)>>,
    ) -> Result<(), EngineError> {
        let number = |number: i64| {
            u32::try_from(number).map_err(|_| EngineError::failed(format!("{number} is no number of a file")))
        };
        let mut own = files.is_some().then(HashSet::new);
        for (file, is_shared) in files.into_iter().flatten() {
            let file = number(file)?;
            if is_shared {
                self.shared.insert(file);
            } else {
                own.get_or_insert_default().insert(file);
            }
        }
        self.databases.insert(number(database)?, own);
        Ok(())
    }
}

impl Storage {
    /// Removes everything from the directories of relations that no catalog names. No server runs on the data directory.
    ///
    /// # Errors
    ///
    /// Where there are tablespaces: their files lie elsewhere.
    pub(super) fn remove_orphans(&self, data: &Path, kept: &KeptFiles) -> Result<(), EngineError> {
        let tablespaces = data.join("pg_tblspc");
        if !names_in(&tablespaces).map_err(EngineError::io("list", &tablespaces))?.is_empty() {
            let reason = format!("{} names tablespaces, whose files are not masked", tablespaces.display());
            return Err(EngineError::Unsupported { reason });
        }
        self.retain(&data.join("global"), |name| OF_ALL.contains(&name) || is_in(name, &kept.shared))?;
        let base = data.join("base");
        let of_name = |name: &str| name.parse().ok().and_then(|oid: u32| kept.databases.get(&oid));
        self.retain(&base, |name| of_name(name).is_some())?;
        for (oid, files) in &kept.databases {
            if let Some(files) = files {
                self.retain(&base.join(oid.to_string()), |name| {
                    OF_DATABASE.contains(&name) || is_in(name, files)
                })?;
            }
        }
        Ok(())
    }

    /// Removes what is in a directory under other names.
    fn retain(&self, dir: &Path, is_kept: impl Fn(&str) -> bool) -> Result<(), EngineError> {
        for name in names_in(dir).map_err(EngineError::io("list", dir))? {
            let path = dir.join(&name);
            if is_kept(&name) {
                continue;
            }
            tracing::debug!(file = %path.display(), "removing what no catalog names");
            if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
                self.discard(&path)?;
            } else {
                regular::remove(&path).map_err(EngineError::io("remove", &path))?;
            }
        }
        Ok(())
    }
}

/// Whether a name is that of a fork or segment of one of these files, such as `16384_fsm.1`.
fn is_in(name: &str, files: &HashSet<u32>) -> bool {
    let (file, segment) = name.split_once('.').map_or((name, None), |(file, segment)| (file, Some(segment)));
    let (number, fork) = file.split_once('_').map_or((file, None), |(number, fork)| (number, Some(fork)));
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    fork.is_none_or(|fork| ["fsm", "vm", "init"].contains(&fork))
        && segment.is_none_or(is_plain)
        && is_plain(number)
        && number.parse().is_ok_and(|number| files.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_by_its_number_with_its_forks_and_segments() {
        let files = HashSet::from([16384]);
        for name in ["16384", "16384.1", "16384_fsm", "16384_vm.2", "16384_init"] {
            assert!(is_in(name, &files), "{name}");
        }
        for name in
            ["16385", "t3_16384", "16384_old", "16384.", "16384.x", "+16384", "1638", "", ".1", "PG_VERSION"]
        {
            assert!(!is_in(name, &files), "{name}");
        }
    }
}
