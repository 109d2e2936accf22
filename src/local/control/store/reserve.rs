//! Disk space kept back in a file, so that branches can be deleted and the server starts when the disk is full.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    io::Errno,
};

/// More than the state file grows by at once.
const SIZE: u64 = 8 << 20;
/// Space that stays free when the reserve is taken.
const HEADROOM: u64 = 4 * SIZE;
/// An upper bound of what a start of the server writes.
const START: u64 = 1 << 20;

/// The file `lakebase.reserve` of a data directory.
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    pub(super) fn beside(state_file: &Path) -> Self {
        Self { path: state_file.with_file_name("lakebase.reserve") }
    }

    /// Reserves the space, unless it is reserved already or too little is free.
    pub(super) fn keep(&self) {
        let taken = self.path.metadata().is_ok_and(|meta| meta.len() >= SIZE);
        if taken || self.free().is_none_or(|free| free < SIZE + HEADROOM) {
            return;
        }
        if let Err(error) = self.take() {
            tracing::debug!(path = %self.path.display(), %error, "no disk space can be kept back");
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Releases the space; returns whether any was reserved.
    pub(super) fn release(&self) -> bool {
        let released = fs::remove_file(&self.path).is_ok();
        if released {
            tracing::warn!(path = %self.path.display(), "the disk is full; the space that was kept back is used now");
        }
        released
    }

    /// Gives the space back where a start would fail for want of it.
    pub(super) fn release_for_start(&self) {
        if self.path.exists() && self.free().is_some_and(|free| free < START) {
            self.release();
        }
    }

    fn free(&self) -> Option<u64> {
        let stat = statvfs(self.path.parent()?).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn take(&self) -> io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        if allocate(&file, SIZE)? {
            return Ok(());
        }
        // Not zeros, which a file system may store as nothing.
        let mut block = [0; 64 << 10];
        for _ in 0..SIZE / block.len() as u64 {
            fastrand::fill(&mut block);
            file.write_all(&block)?;
        }
        Ok(())
    }
}

/// Gives a file its length with the disk space for all of it; `false` where the file system cannot.
pub(super) fn allocate(file: &File, length: u64) -> io::Result<bool> {
    match fallocate(file, FallocateFlags::empty(), 0, length) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_space_is_taken_given_back_and_taken_again() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::beside(&dir.path().join("lakebase.state"));
        assert!(!reserve.release());
        for _ in 0..2 {
            reserve.keep();
            let meta = fs::metadata(dir.path().join("lakebase.reserve")).unwrap();
            assert_eq!(meta.len(), SIZE);
            assert!(meta.blocks() * 512 >= SIZE, "{} blocks", meta.blocks());
            reserve.release_for_start();
            assert!(reserve.release());
        }
    }
}
