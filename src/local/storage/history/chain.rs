//! The history of a branch through its ancestors, and the way to a point of it.

use std::{
    collections::BTreeMap,
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use chrono::DateTime;
use rustix::{
    fs::{AtFlags, CWD, linkat},
    io::Errno,
};

use super::{BaseMark, BranchPoint, CloneMethod, ControlFile, HistoryOrigin, Lineage, Storage, shelf::Shelf};
use crate::local::{
    engine_error::EngineError,
    storage::{Cloned, WalRange, WalSelection, is_directory, regular, wal::history_file},
};

/// A branch and its ancestors.
#[derive(Clone, Debug)]
pub(in crate::local) struct Chain {
    /// The branch itself first.
    links: Vec<Link>,
    template: Option<(PathBuf, BaseMark)>,
}

#[derive(Clone, Debug)]
struct Link {
    dir: PathBuf,
    shelf: Shelf,
}

/// A data directory and the WAL that leads from it to a point.
#[derive(Clone, Debug)]
pub(in crate::local) struct Replay {
    base: PathBuf,
    pub(in crate::local) mark: BaseMark,
    /// The timeline of the branch whose history this is.
    pub(in crate::local) timeline: u32,
    segments: Vec<(u64, PathBuf)>,
    timelines: Vec<PathBuf>,
    size: u64,
}

impl Chain {
    /// Reads what is on disk. The caller holds the history against trimming.
    pub(in crate::local) fn read(storage: &Storage, branch: &Path) -> Result<Self, EngineError> {
        let mut chain = Self { links: Vec::new(), template: None };
        let mut next = Some((branch.to_owned(), None::<BranchPoint>));
        while let Some((dir, point)) = next.take() {
            let shelf = match Shelf::read(&dir) {
                // The ancestor is gone.
                Err(EngineError::Io { source, .. })
                    if point.is_some() && source.kind() == io::ErrorKind::NotFound =>
                {
                    break;
                }
                shelf => shelf?,
            };
            let Some(shelf) = shelf else { break };
            if point.as_ref().is_some_and(|point| point.id != shelf.lineage.id) {
                // Another branch took its place.
                break;
            }
            match &shelf.lineage.origin {
                HistoryOrigin::Template(name) => chain.template = template(storage, name)?,
                HistoryOrigin::Branch(point) => {
                    next = Some((dir.with_file_name(&point.branch), Some(point.clone())));
                }
                HistoryOrigin::Unknown => {}
            }
            chain.links.push(Link { dir, shelf });
        }
        Ok(chain)
    }

    /// Reads what is on disk once the WAL of the ancestors is swept: those that run may have written since they were
    /// looked at last, and a branch begins with what they wrote last.
    pub(in crate::local) fn read_swept(storage: &Storage, branch: &Path) -> Result<Self, EngineError> {
        let chain = Self::read(storage, branch)?;
        let ancestors = chain.links.get(1..).unwrap_or_default();
        for ancestor in ancestors {
            if let Err(error) = storage.sweep(&ancestor.dir) {
                tracing::debug!(%error, "an ancestor of a branch was removed");
            }
        }
        if ancestors.is_empty() { Ok(chain) } else { Self::read(storage, branch) }
    }

    /// The lineage of the branch.
    pub(in crate::local) fn lineage(&self) -> Option<&Lineage> {
        self.links.first().map(|link| &link.shelf.lineage)
    }

    /// The name of the branch's directory.
    pub(in crate::local) fn name(&self) -> Option<String> {
        self.links.first()?.dir.file_name()?.to_str().map(str::to_owned)
    }

    /// The point at which the branch's timeline began, and the chain of the branch that it left.
    pub(in crate::local) fn before_timeline(&self) -> Option<(BranchPoint, Self)> {
        let began = |link: &Link| link.shelf.lineage.branch_point().is_some_and(|point| point.new_timeline);
        let at = self.links.iter().position(began)?;
        let point = self.links.get(at)?.shelf.lineage.branch_point()?.clone();
        let links = self.links.get(at + 1..).filter(|links| !links.is_empty())?.to_vec();
        Some((point, Self { links, template: self.template.clone() }))
    }

    /// The links, each with the position at which its history is left and the beginning of the first segment that is
    /// another one's.
    fn limited(&self) -> impl Iterator<Item = (&Link, u64, u64)> {
        let mut limits = (u64::MAX, u64::MAX);
        self.links.iter().map(move |link| {
            let (left_at, until) = limits;
            if let Some(point) = link.shelf.lineage.branch_point() {
                limits = (left_at.min(point.lsn), until.min(link.shelf.lineage.own_from));
            }
            (link, left_at, until)
        })
    }

    fn segments(&self) -> BTreeMap<u64, PathBuf> {
        let mut all = BTreeMap::new();
        for (link, _, until) in self.limited() {
            let wal = link.dir.join("wal");
            all.extend(link.shelf.segments.range(..until).map(|(start, name)| (*start, wal.join(name))));
        }
        all
    }

    /// The size of all WAL segments.
    pub(in crate::local) fn segment_size(&self) -> u64 {
        self.links.first().map_or(1, |link| link.shelf.size.max(1))
    }

    /// The bases from which all WAL up to `last` is there, the oldest first.
    fn bases(&self, last: u64) -> Vec<(PathBuf, BaseMark)> {
        let complete = unbroken_from(&self.segments(), self.segment_size(), last);
        let mut bases: Vec<_> = self.template.iter().cloned().collect();
        for (link, left_at, _) in self.limited() {
            let own = link.shelf.bases.iter().filter(|base| base.mark.end <= left_at);
            bases.extend(own.map(|base| (base.dir.join("data"), base.mark)));
        }
        bases.retain(|(_, mark)| mark.redo >= complete && mark.end <= last);
        bases.sort_by_key(|(_, mark)| mark.end);
        bases
    }

    /// The oldest base.
    pub(in crate::local) fn first(&self, last: u64) -> Option<BaseMark> {
        self.bases(last).first().map(|(_, mark)| *mark)
    }

    /// The newest base.
    pub(in crate::local) fn newest(&self) -> Option<BaseMark> {
        self.bases(self.last_kept()?).last().map(|(_, mark)| *mark)
    }

    /// The oldest base with all WAL that is kept since.
    pub(in crate::local) fn oldest(&self) -> Option<BaseMark> {
        self.first(self.last_kept()?)
    }

    /// The last position of the WAL that is kept.
    fn last_kept(&self) -> Option<u64> {
        let (start, _) = self.segments().pop_last()?;
        Some(start + self.segment_size() - 1)
    }

    /// The way from the newest base for which `reaches` holds. `last` is the end of the history.
    pub(in crate::local) fn replay(&self, last: u64, reaches: impl Fn(&BaseMark) -> bool) -> Option<Replay> {
        let (base, mark) = self.bases(last).into_iter().rfind(|(_, mark)| reaches(mark))?;
        let size = self.segment_size();
        let timeline = self.lineage()?.timeline;
        let from = mark.redo - mark.redo % size;
        let segments = self.segments().into_iter().filter(|(start, _)| *start >= from).collect();
        let of = |link: &Link| {
            let wal = link.dir.join("wal");
            link.shelf.timelines.iter().map(move |name| wal.join(name)).collect::<Vec<_>>()
        };
        let mut timelines: Vec<_> = self.links.iter().flat_map(of).collect();
        let number = |path: &PathBuf| path.file_name().and_then(|name| history_file(name.as_bytes()));
        timelines.retain(|path| number(path).is_some_and(|number| number <= timeline));
        Some(Replay { base, mark, timeline, segments, timelines, size })
    }
}

impl Replay {
    /// Clones the base into `data` and adds the WAL: finished segments as links, those that are still written as copies.
    pub(in crate::local) fn lay_out(
        &self,
        storage: &Storage,
        data: &Path,
        take: WalRange,
    ) -> Result<Cloned, EngineError> {
        let mut cloned = storage.clone_data(&self.base, data, WalSelection::None)?;
        let wal = data.join("pg_wal");
        for path in &self.timelines {
            self.share(storage, path, &wal, true)?;
        }
        for (start, path) in &self.segments {
            let finished = start + self.size <= take.finished;
            if finished || *start < take.to {
                cloned.bytes_added += self.share(storage, path, &wal, finished)?;
            }
        }
        Ok(cloned)
    }

    fn share(&self, storage: &Storage, from: &Path, dir: &Path, finished: bool) -> Result<u64, EngineError> {
        let to = dir.join(from.file_name().unwrap_or_default());
        if finished {
            match linkat(CWD, from, CWD, &to, AtFlags::empty()) {
                // Two ancestors tell of one timeline.
                Ok(()) | Err(Errno::EXIST) => return Ok(0),
                Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => {}
                Err(errno) => return Err(EngineError::io("link to", &to)(errno.into())),
            }
        }
        let copy = || {
            let (mut source, mut target) = (regular::open(from)?, regular::create(&to)?);
            match storage.known_method() {
                Some(CloneMethod::Reflink) if cfg!(target_os = "linux") => {
                    reflink_copy::reflink_file(&source, &target).map(|()| 0)
                }
                _ => io::copy(&mut source, &mut target),
            }
        };
        copy().map_err(EngineError::io("clone to", &to))
    }
}

/// The template as a base. It is shut down, so that it is consistent where its replay begins.
fn template(storage: &Storage, name: &str) -> Result<Option<(PathBuf, BaseMark)>, EngineError> {
    let data = storage.template_dir("").join(name).join("data");
    if !is_directory(&data).map_err(EngineError::io("look for", &data))? {
        return Ok(None);
    }
    let control = ControlFile::read(&data)?;
    let mark = BaseMark { redo: control.redo, end: control.checkpoint, time: DateTime::UNIX_EPOCH };
    Ok(Some((data, mark)))
}

/// The first position from which segments are complete up to `last`. The segment of `last` itself may be missing: a
/// server creates it with the first write.
fn unbroken_from(segments: &BTreeMap<u64, PathBuf>, size: u64, last: u64) -> u64 {
    let Some((newest, _)) = segments.range(..last.next_multiple_of(size)).next_back() else { return last };
    if newest + size < last - last % size {
        return last;
    }
    let mut first = *newest;
    while let Some(before) = first.checked_sub(size).filter(|before| segments.contains_key(before)) {
        first = before;
    }
    first
}
