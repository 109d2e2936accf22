//! The file under the database.

use std::{fs::File, io, ops::Bound};

use redb::{BackendError, StorageBackend, backends::FileBackend};

use super::{StoreError, reserve::allocate};

/// A file whose growth takes the disk space at once, and whose syncs are left out where a power cut need not be
/// survived.
#[derive(Debug)]
pub(super) struct Backend {
    file: FileBackend,
    /// A second handle of the open file, to allocate space.
    space: File,
    sync: bool,
}

impl Backend {
    pub(super) fn new(file: File, sync: bool) -> Result<Self, StoreError> {
        let space = file.try_clone().map_err(StoreError::Open)?;
        Ok(Self { file: FileBackend::new(file)?, space, sync })
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        // A growth that does not fit fails here rather than in a write into a hole, and what fits is there for later
        // commits, which reuse free pages.
        if len > self.file.len()? && allocate(&self.space, len)? { Ok(()) } else { self.file.set_len(len) }
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.sync { self.file.sync_data() } else { Ok(()) }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    // The locks keep a second server out of the file, also one that does not see the lock of the directory.

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
