//! Disk space: what WAL takes, and what is left.

use std::{collections::HashSet, fs, os::unix::fs::MetadataExt as _, path::Path};

use super::Storage;
use crate::local::engine_error::EngineError;

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskUsage {
    /// WAL of all branches; a segment that several share counts once.
    pub(crate) wal: u64,
    /// Space that is left on the file system.
    pub(crate) free: u64,
    /// Size of the file system.
    pub(crate) size: u64,
}

impl Storage {
    /// Looks at the WAL of all branches and at the file system. Branches that are removed meanwhile are left out.
    pub(in crate::local) fn usage(&self) -> Result<DiskUsage, EngineError> {
        let mut seen = HashSet::new();
        let mut wal = 0;
        for key in self.branches()? {
            let dir = self.branch_dir(&key)?;
            wal += wal_of(&dir.join("data/pg_wal"), &mut seen) + wal_of(&dir.join("wal"), &mut seen);
        }
        let system = rustix::fs::statvfs(self.root())
            .map_err(|error| EngineError::io("measure", self.root())(error.into()))?;
        let (free, size) = (system.f_bavail * system.f_frsize, system.f_blocks * system.f_frsize);
        Ok(DiskUsage { wal, free, size })
    }
}

/// The bytes of the files that are not `seen` yet. A directory that cannot be read is being removed.
fn wal_of(dir: &Path, seen: &mut HashSet<(u64, u64)>) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    // Of the entry itself: links lead nowhere.
    let files = entries.flatten().filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    files.filter(|file| seen.insert((file.dev(), file.ino()))).map(|file| file.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_names_counts_once_and_a_link_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("000000010000000000000001");
        fs::write(&file, [0; 1000]).unwrap();
        fs::hard_link(&file, dir.path().join("shared")).unwrap();
        std::os::unix::fs::symlink("/proc/kcore", dir.path().join("link")).unwrap();
        let mut seen = HashSet::new();
        assert_eq!(wal_of(dir.path(), &mut seen), 1000);
        assert_eq!(wal_of(dir.path(), &mut seen), 0);
        assert_eq!(wal_of(&dir.path().join("none"), &mut seen), 0);
    }
}
