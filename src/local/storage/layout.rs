//! The root directory: its owner and its subdirectories.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use super::{is_taken, names_in};
use crate::local::{
    account::{Account, check_ancestors, check_owned, check_reach, close_to_others, hand_over},
    engine_error::EngineError,
};

const MARKER: &str = "lakebase.engine";
const MARKER_TEXT: &str = "layout 1\n";

/// Directories of the account that runs PostgreSQL; all else in the root is the server's.
const OF_THE_ACCOUNT: [&str; 5] = ["branches", "templates", "staging", "trash", "run"];

/// Claims an empty `root` or one claimed before; rejects a directory with other contents, or that another user owns or
/// can change.
///
/// Files whose name starts with `lakebase` belong to the layers above and are no hindrance; neither
/// is the `lost+found` of a fresh file system. Cheap, and safe to call twice.
pub(in crate::local) fn claim(root: &Path) -> Result<(), EngineError> {
    create_public_dir(root)?;
    let root = fs::canonicalize(root).map_err(EngineError::io("resolve", root))?;
    check_owned(&root)?;
    check_ancestors(&root)?;
    let marker = root.join(MARKER);
    if is_taken(&marker).map_err(EngineError::io("look for", &marker))? {
        return close_to_others(&root);
    }
    for entry in fs::read_dir(&root).map_err(EngineError::io("list", &root))? {
        let name = entry.map_err(EngineError::io("list", &root))?.file_name();
        if name != "lost+found" && !name.as_encoded_bytes().starts_with(b"lakebase") {
            return Err(EngineError::ForeignDirectory { path: root });
        }
    }
    close_to_others(&root)?;
    fs::write(&marker, MARKER_TEXT).map_err(EngineError::io("write", &marker))
}

/// Refuses branches whose clusters do not know the superuser's secret, because an earlier version made them.
///
/// `secret` is the name of its file in the root. Nothing is changed.
pub(in crate::local) fn check_secret(root: &Path, secret: &str) -> Result<(), EngineError> {
    let branches = root.join("branches");
    let file = root.join(secret);
    if is_taken(&file).map_err(EngineError::io("look for", &file))? {
        return Ok(());
    }
    match names_in(&branches) {
        Ok(names) if names.is_empty() => Ok(()),
        Ok(_) => Err(EngineError::EarlierLayout { path: root.to_owned(), secret: secret.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(EngineError::io("list", &branches)(error)),
    }
}

/// Creates the directories of the account in a claimed root. Done by the root's owner.
pub(in crate::local) fn prepare(root: &Path, account: Option<&Account>) -> Result<(), EngineError> {
    if let Some(account) = account {
        check_reach(root, account)?;
    }
    hand_over(root, &OF_THE_ACCOUNT, account)
}

/// Makes ext4 place each new directory in `dir` in a block group of its own.
///
/// Without a journal, ext4 searches long for an inode near those of recently deleted files: creating a thousand files
/// in place of a removed branch then takes seconds. Other file systems ignore or reject the flag.
pub(super) fn spread(dir: &Path) {
    #[cfg(target_os = "linux")]
    if let Ok(file) = fs::File::open(dir) {
        use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
        let _ = ioctl_getflags(&file).and_then(|flags| ioctl_setflags(&file, flags | IFlags::TOPDIR));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = dir;
}

/// Every branch below `top`, as the names of its project and its own.
pub(super) fn branches(top: &Path) -> Result<Vec<(String, String)>, EngineError> {
    let mut found = Vec::new();
    for project in names_in(top).map_err(EngineError::io("list", top))? {
        let dir = top.join(&project);
        let branches = names_in(&dir).map_err(EngineError::io("list", &dir))?;
        found.extend(branches.into_iter().map(|branch| (project.clone(), branch)));
    }
    Ok(found)
}

/// A directory that the account may pass through but no other user may list.
fn create_public_dir(path: &Path) -> Result<(), EngineError> {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => {
            let error = io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory");
            return Err(EngineError::io("use", path)(error));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(EngineError::io("enter", path)(error));
        }
        _ => {}
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_public_dir(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o711))
            .map_err(EngineError::io("open up", path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(EngineError::io("create", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_with_something_else_in_it_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("thesis.tex");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(claim(dir.path()), Err(EngineError::ForeignDirectory { .. })));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and is left as it was");
        assert_eq!(dir.path().metadata().unwrap().permissions().mode() & 0o7777, 0o755, "with its mode");
        let error = claim(&file).unwrap_err();
        assert!(error.to_string().starts_with("use "), "{error}");
    }

    #[test]
    fn a_new_directory_is_ours_and_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        claim(&root).unwrap();
        fs::write(root.join("anything"), "x").unwrap();
        claim(&root).unwrap();
    }

    #[test]
    fn branches_without_the_secret_are_refused_and_left_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        check_secret(dir.path(), "secret").unwrap();
        fs::create_dir_all(dir.path().join("branches/project/main")).unwrap();
        let error = check_secret(dir.path(), "secret").unwrap_err().to_string();
        for part in [
            "earlier version",
            "LAKEBASE_LOCAL_DIR",
            "--data-dir",
            "move this one away",
            "nothing was changed",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(!error.contains("chown"), "{error}");
        assert!(dir.path().join("branches/project/main").is_dir());
        fs::write(dir.path().join("secret"), "x").unwrap();
        check_secret(dir.path(), "secret").unwrap();
    }

    #[test]
    fn a_directory_open_to_all_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("data");
        claim(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(claim(&root), Err(EngineError::InsecureDirectory { .. })));
    }
}
