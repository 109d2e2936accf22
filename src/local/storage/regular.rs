//! Files in directories that a compute's programs can change, too: opened without following a link and
//! without waiting for the other end of a pipe.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rustix::{fs::OFlags, io::Errno};

/// No file that is read whole is larger.
const WHOLE_LIMIT: u64 = 1 << 20;

/// Opens a regular file for reading.
pub(in crate::local) fn open(path: &Path) -> io::Result<File> {
    checked(OpenOptions::new().read(true), path)
}

/// Opens a regular file to add to, or creates it for its owner alone.
pub(in crate::local) fn append(path: &Path) -> io::Result<File> {
    checked(OpenOptions::new().append(true).create(true).mode(0o600), path)
}

/// Opens a directory, for calls that take it by handle.
pub(super) fn open_dir(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::DIRECTORY.bits().cast_signed()).open(path)
}

/// Whether there is a directory at a path. A link to one is none.
///
/// # Errors
///
/// If something else is there, or the system cannot say.
pub(in crate::local) fn is_directory(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => Ok(true),
        Ok(_) => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether there is anything at a path.
///
/// # Errors
///
/// If the system cannot say.
pub(in crate::local) fn is_taken(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a small regular file.
pub(in crate::local) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(WHOLE_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WHOLE_LIMIT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Reads a small regular file of text.
pub(in crate::local) fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Creates a file for its owner alone; nothing may be in its place.
pub(in crate::local) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Puts a file with this content in the place of whatever is there, in one step.
pub(in crate::local) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("lakebase-new");
    remove(&new)?;
    create(&new)?.write_all(content)?;
    fs::rename(&new, path)
}

/// Removes a file or link; that there is none is no error.
pub(in crate::local) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The end of a regular file, for errors that quote a log; nothing where it cannot be read.
pub(in crate::local) fn tail(path: &Path, limit: u64) -> String {
    let read = || -> io::Result<String> {
        let mut file = open(path)?;
        let length = file.metadata()?.len();
        io::Seek::seek(&mut file, io::SeekFrom::Start(length.saturating_sub(limit)))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}

fn checked(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match options.custom_flags(flags.bits().cast_signed()).open(path) {
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(irregular("it is a symbolic link"));
        }
        file => file?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(irregular("it is not a regular file")) }
}

fn irregular(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    #[test]
    fn links_pipes_and_directories_are_refused_and_nothing_waits() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("secret"), "root's").unwrap();
        symlink(path("secret"), path("link")).unwrap();
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for name in ["link", "pipe", "."] {
            assert!(open(&path(name)).is_err(), "{name}");
            assert!(read(&path(name)).is_err(), "{name}");
            assert!(append(&path(name)).is_err(), "{name}");
            assert_eq!(tail(&path(name), 10), "", "{name}");
        }
        assert!(open(&path("link")).unwrap_err().to_string().contains("symbolic link"));
        assert_eq!(fs::read(path("secret")).unwrap(), b"root's");
        assert_eq!(tail(&path("secret"), 2), "'s");
    }

    #[test]
    fn what_the_system_cannot_say_is_not_taken_for_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("file"), "").unwrap();
        symlink(dir.path(), path("link")).unwrap();
        assert!(is_directory(dir.path()).unwrap() && !is_directory(&path("none")).unwrap());
        assert!(is_taken(&path("link")).unwrap() && !is_taken(&path("none")).unwrap());
        assert!(is_directory(&path("link")).is_err() && is_directory(&path("file")).is_err());
        let below = path("file").join("below");
        assert!(is_directory(&below).is_err() && is_taken(&below).is_err());
    }

    #[test]
    fn a_file_is_replaced_and_what_a_link_names_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("secret"), "root's").unwrap();
        symlink(path("secret"), path("file.conf")).unwrap();
        symlink(path("secret"), path("file.lakebase-new")).unwrap();
        replace(&path("file.conf"), b"new").unwrap();
        assert_eq!(read_to_string(&path("file.conf")).unwrap(), "new");
        assert_eq!(fs::read(path("secret")).unwrap(), b"root's");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
