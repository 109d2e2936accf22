//! Linking of WAL segments into the history of a branch, and removal of those that PostgreSQL no longer needs.
//!
//! A link shares the file, so it may be made while the segment is still written. Segments are never used again under
//! another name, as recycling is off.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::ffi::OsStrExt as _,
    path::Path,
    time::SystemTime,
};

use rustix::{
    fs::{AtFlags, Stat, linkat, statat, unlinkat},
    io::Errno,
};

use super::{ControlFile, Lineage, Storage};
use crate::local::{
    engine_error::EngineError,
    storage::{
        create_private_dir, is_directory, names_in, regular,
        wal::{Segment, history_file, names, segment, segment_size},
    },
};

/// WAL before the last checkpoint that stays with PostgreSQL, for standbys that are a little behind.
const MARGIN: u64 = 64 << 20;

/// The WAL of a data directory after a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local) struct Swept {
    /// Where replay would begin after a crash now.
    pub(in crate::local) redo: u64,
    /// The beginning of the newest segment.
    pub(in crate::local) newest: u64,
    /// The beginning of the branch's own WAL.
    pub(in crate::local) own_from: u64,
}

impl Storage {
    /// Links all WAL of a branch that is its own into its history.
    pub(in crate::local) fn sweep(&self, branch: &Path) -> Result<Swept, EngineError> {
        let lineage = Lineage::read_or_begin(branch)?;
        let (from, to) = (branch.join("data/pg_wal"), branch.join("wal"));
        if !is_directory(&to).map_err(EngineError::io("look for", &to))? {
            create_private_dir(&to).map_err(EngineError::io("create", &to))?;
        }
        let size = segment_size(&from)?;
        let redo = ControlFile::read(&branch.join("data"))?.redo;
        let links = Links::open(&from, &to)?;
        let (mut own, mut timelines) = (Vec::new(), Vec::new());
        for name in names(&from)? {
            let name = name?;
            if let Some(segment) = segment(name.as_bytes(), size) {
                own.extend(is_own(&lineage, segment).then_some((segment.start, name)));
            } else if history_file(name.as_bytes()).is_some_and(|timeline| timeline <= lineage.timeline) {
                timelines.push(name);
            }
        }
        // Older ones that are missing there were removed as too old.
        let before = |start: u64| start + size <= redo;
        let gap = own.iter().any(|(start, name)| before(*start) && !links.has(name));
        let known = if gap { newest_in(&to, &lineage, size)? } else { 0 };
        for (start, name) in &own {
            if *start >= known || !before(*start) {
                links.add(name)?;
            }
        }
        timelines.iter().try_for_each(|name| links.add(name))?;
        let newest = own.iter().map(|(start, _)| *start).max().unwrap_or(lineage.own_from);
        Ok(Swept { redo, newest, own_from: lineage.own_from })
    }

    /// Removes segments from the data directory that were swept, or that belong to an ancestor's history, once neither
    /// PostgreSQL nor a replication slot needs them.
    pub(in crate::local) fn prune(&self, branch: &Path) -> Result<(), EngineError> {
        let (data, kept) = (branch.join("data"), branch.join("wal"));
        let swept = is_directory(&kept).map_err(EngineError::io("look for", &kept))?;
        let slots = data.join("pg_replslot");
        if !names_in(&slots).map_err(EngineError::io("list", &slots))?.is_empty() {
            return Ok(());
        }
        let lineage = Lineage::read_or_begin(branch)?;
        let from = data.join("pg_wal");
        let size = segment_size(&from)?;
        let redo = ControlFile::read(&data)?.redo;
        for name in names(&from)? {
            let name = name?;
            let Some(segment) = segment(name.as_bytes(), size) else { continue };
            let own = is_own(&lineage, segment);
            let needed = if own { redo.saturating_sub(MARGIN) } else { redo };
            if segment.start + size > needed - needed % size || (own && !swept) {
                continue;
            }
            let path = from.join(&name);
            regular::remove(&path).map_err(EngineError::io("remove", &path))?;
        }
        Ok(())
    }
}

/// When a segment was last added to or removed from a data directory.
pub(in crate::local) fn last_change(branch: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(branch.join("data/pg_wal")).and_then(|meta| meta.modified()).ok()
}

fn is_own(lineage: &Lineage, segment: Segment) -> bool {
    segment.timeline == lineage.timeline && segment.start >= lineage.own_from
}

/// The beginning of the newest segment of a branch's own in a directory.
fn newest_in(wal: &Path, lineage: &Lineage, size: u64) -> Result<u64, EngineError> {
    let mut newest = 0;
    for name in names(wal)? {
        let segment = segment(name?.as_bytes(), size).filter(|segment| is_own(lineage, *segment));
        newest = newest.max(segment.map_or(0, |segment| segment.start));
    }
    Ok(newest)
}

/// Files that get a second name in another directory.
struct Links<'a> {
    from: &'a Path,
    to: &'a Path,
    // There may be hundreds: names in open directories are found faster than paths.
    open: (File, File),
}

impl<'a> Links<'a> {
    fn open(from: &'a Path, to: &'a Path) -> Result<Self, EngineError> {
        let open = |dir: &Path| regular::open_dir(dir).map_err(EngineError::io("open", dir));
        Ok(Self { from, to, open: (open(from)?, open(to)?) })
    }

    fn has(&self, name: &OsStr) -> bool {
        statat(&self.open.1, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Whether PostgreSQL made a file anew, so that the one of this name in the history is another one, and no copy of it
    /// where the file system has no links.
    ///
    /// By the open directories, as the branch may have been moved away by now.
    fn is_made_anew(&self, name: &OsStr) -> bool {
        let look = |dir: &File| statat(dir, name, AtFlags::SYMLINK_NOFOLLOW);
        // One that was just removed is in the history already.
        let (Ok(own), Ok(kept)) = (look(&self.open.0), look(&self.open.1)) else { return false };
        let time = |stat: &Stat| (stat.st_mtime, stat.st_mtime_nsec);
        (own.st_dev, own.st_ino) != (kept.st_dev, kept.st_ino) && time(&own) >= time(&kept)
    }

    fn add(&self, name: &OsStr) -> Result<(), EngineError> {
        let (from, to) = (self.from.join(name), self.to.join(name));
        match linkat(&self.open.0, name, &self.open.1, name, AtFlags::empty()) {
            // The server has just removed it as too old; it was linked before that.
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(Errno::EXIST) if !self.is_made_anew(name) => Ok(()),
            Err(Errno::EXIST) => {
                let unlinked = unlinkat(&self.open.1, name, AtFlags::empty());
                unlinked.map_err(|errno| EngineError::io("remove", &to)(errno.into()))?;
                match linkat(&self.open.0, name, &self.open.1, name, AtFlags::empty()) {
                    // Another sweep was first.
                    Ok(()) | Err(Errno::NOENT | Errno::EXIST) => Ok(()),
                    Err(errno) => Err(EngineError::io("link to", &to)(errno.into())),
                }
            }
            // Hard links are unsupported here, exhausted for this file, or impossible across the directories.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => {
                copy(&from, &to).map_err(EngineError::io("copy to", &to))
            }
            Err(errno) => Err(EngineError::io("link to", &to)(errno.into())),
        }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let part = to.with_extension("lakebase-new");
    regular::remove(&part)?;
    std::io::copy(&mut regular::open(from)?, &mut regular::create(&part)?)?;
    fs::rename(part, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_also_in_a_branch_that_was_moved_away_and_a_new_one_replaces_it() {
        let dir = tempfile::tempdir().unwrap();
        let branch = dir.path().join("branch");
        let (from, to) = (branch.join("pg_wal"), branch.join("wal"));
        for made in [&from, &to] {
            fs::create_dir_all(made).unwrap();
        }
        fs::write(from.join("1"), "first").unwrap();
        let links = Links::open(&from, &to).unwrap();
        let name = OsStr::new("1");
        links.add(name).unwrap();
        links.add(name).unwrap();
        fs::remove_file(from.join("1")).unwrap();
        links.add(name).unwrap();
        assert_eq!(fs::read(to.join("1")).unwrap(), b"first", "PostgreSQL has removed it");
        fs::write(from.join("1"), "second").unwrap();
        links.add(name).unwrap();
        assert_eq!(fs::read(to.join("1")).unwrap(), b"second");
        fs::rename(&branch, dir.path().join("trash")).unwrap();
        links.add(name).unwrap();
    }
}
