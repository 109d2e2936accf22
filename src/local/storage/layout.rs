//! The root directory: whose it is, and the directories in it.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use crate::local::fault::EngineError;

const MARKER: &str = "lakebase.engine";
const MARKER_TEXT: &str = "layout 1\n";

/// Makes `root` ours, or finds that it is; refuses a directory that holds something else.
///
/// Files whose name starts with `lakebase` belong to the layers above and are no hindrance; neither
/// is the `lost+found` of a fresh file system. Cheap, and safe to call twice.
pub(in crate::local) fn claim(root: &Path) -> Result<(), EngineError> {
    create_public_dir(root)?;
    let marker = root.join(MARKER);
    if marker.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(root).map_err(EngineError::io("list", root))? {
        let name = entry.map_err(EngineError::io("list", root))?.file_name();
        if name != "lost+found" && !name.as_encoded_bytes().starts_with(b"lakebase") {
            return Err(EngineError::ForeignDirectory { path: root.to_owned() });
        }
    }
    fs::write(&marker, MARKER_TEXT).map_err(EngineError::io("write", &marker))
}

pub(super) fn create(root: &Path) -> Result<(), EngineError> {
    for name in ["branches", "templates", "staging", "trash", "run"] {
        create_public_dir(&root.join(name))?;
    }
    spread(&root.join("staging"));
    Ok(())
}

/// Asks ext4 to give each new directory in `dir` a region of the disk of its own.
///
/// Without a journal, ext4 looks long for an inode near those of files that were just deleted: a
/// thousand files in place of a removed branch then take seconds. Others ignore or refuse the flag.
fn spread(dir: &Path) {
    #[cfg(target_os = "linux")]
    if let Ok(file) = fs::File::open(dir) {
        use rustix::fs::{IFlags, ioctl_getflags, ioctl_setflags};
        let _ = ioctl_getflags(&file).and_then(|flags| ioctl_setflags(&file, flags | IFlags::TOPDIR));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = dir;
}

/// A directory that PostgreSQL's account may pass through but nobody may list.
pub(super) fn create_public_dir(path: &Path) -> Result<(), EngineError> {
    if path.is_dir() {
        return Ok(());
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
        fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        assert!(matches!(claim(dir.path()), Err(EngineError::ForeignDirectory { .. })));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "and is left as it was");
    }

    #[test]
    fn a_new_directory_is_ours_and_stays_so() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a/b");
        claim(&root).unwrap();
        fs::write(root.join("anything"), "x").unwrap();
        claim(&root).unwrap();
    }
}
