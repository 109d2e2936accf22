//! Temporary directories.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

/// A directory that PostgreSQL's account can traverse.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("lakebase-tests-").tempdir().unwrap();
    std::fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
    directory
}
