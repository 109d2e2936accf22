//! WAL files of a clone: finished segments are linked, the one that is still written is copied.

use std::{
    ffi::OsStr,
    fs,
    io::{self, Read as _, Write as _},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

use rustix::{
    fs::{AtFlags, linkat},
    io::Errno,
};

use super::Job;
use crate::local::{
    engine_error::EngineError,
    storage::{
        control_file::ControlFile,
        regular,
        wal::{WalRange, history_file, names, segment, segment_name, segment_size},
    },
};

impl Job {
    /// Links or copies WAL files from one data directory to another.
    pub(super) fn wal(&self, source: &Path, target: &Path, take: WalRange) -> Result<(), EngineError> {
        let (from, to) = (source.join("pg_wal"), target.join("pg_wal"));
        let size = segment_size(&from)?;
        // There may be hundreds: names in open directories are found faster than paths.
        let open = |dir: &Path| regular::open_dir(dir).map_err(EngineError::io("open", dir));
        let open = (open(&from)?, open(&to)?);
        for name in names(&from)? {
            let name = name?;
            if let Some(segment) = segment(name.as_bytes(), size) {
                let end = segment.start + size;
                if end <= take.from {
                    continue;
                }
                if end <= take.finished {
                    self.link(&open, &name, (&from, &to))?;
                } else if segment.start < take.to {
                    self.file(&from.join(&name), &to.join(&name))?;
                }
            } else if history_file(name.as_bytes()).is_some() {
                self.link(&open, &name, (&from, &to))?;
            }
        }
        Ok(())
    }

    /// Links the finished segments between two positions, and copies that of the second one up to there: the new server
    /// ends its replay where it finds zeros. Returns whether all of them were there.
    pub(super) fn wal_between(
        &self,
        source: &Path,
        target: &Path,
        from: u64,
        to: u64,
    ) -> Result<bool, EngineError> {
        let timeline = ControlFile::read(target)?.timeline;
        let size = segment_size(&source.join("pg_wal"))?;
        let last = to - to % size;
        self.wal(source, target, WalRange { from, ..WalRange::finished(last) })?;
        let (from_dir, to_dir) = (source.join("pg_wal"), target.join("pg_wal"));
        let file = |start| segment_name(timeline, start, size);
        if last < to {
            self.part(&from_dir.join(file(last)), &to_dir.join(file(last)), to - last, size)?;
        }
        let first = from - from % size;
        let mut needed = (first..to).step_by(usize::try_from(size).unwrap_or(usize::MAX));
        let is_there = |start| to_dir.join(file(start)).symlink_metadata().is_ok();
        Ok(needed.all(is_there))
    }

    /// Copies the beginning of a file to a new one, which is of `size` bytes and otherwise of zeros.
    fn part(&self, from: &Path, to: &Path, length: u64, size: u64) -> Result<(), EngineError> {
        let copy = || {
            // Read and written, as extents that are shared would have to be on the disk first.
            let mut part = Vec::new();
            regular::open(from)?.take(length).read_to_end(&mut part)?;
            if (part.len() as u64) < length {
                let reason = "the file is shorter than a segment";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
            }
            let mut target = regular::create(to)?;
            target.write_all(&part)?;
            target.set_len(size)
        };
        self.added(length);
        copy().map_err(EngineError::io("copy to", to))
    }

    /// One file in two directories; a copy where the file system refuses that.
    fn link(
        &self,
        (from, to): &(fs::File, fs::File),
        name: &OsStr,
        paths: (&Path, &Path),
    ) -> Result<(), EngineError> {
        match linkat(from, name, to, name, AtFlags::empty()) {
            Ok(()) => Ok(()),
            // The server has just removed the segment as too old.
            Err(Errno::NOENT) if self.is_live() => Ok(()),
            // Hard links are unsupported here, exhausted for this file, or impossible across the directories.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => {
                self.file(&paths.0.join(name), &paths.1.join(name))
            }
            Err(errno) => Err(EngineError::io("link to", &paths.1.join(name))(errno.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::CloneMethod, *};

    #[test]
    fn a_part_ends_in_zeros_and_is_of_the_size_of_a_segment() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to, short) = (dir.path().join("from"), dir.path().join("to"), dir.path().join("short"));
        fs::write(&from, [7; 1000]).unwrap();
        let job = Job::new(CloneMethod::Reflink, true);
        job.part(&from, &to, 600, 1000).unwrap();
        assert_eq!(fs::read(&to).unwrap(), [[7; 600].as_slice(), &[0; 400]].concat());
        assert!(job.part(&from, &short, 1001, 2000).is_err(), "the source has less");
    }
}
