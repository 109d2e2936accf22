//! Removal of history: what is older than its retention, and then the oldest until the rest fits into its budget.
//!
//! A branch needs the newest base at or before the first time of its window, and all WAL since then, which may lie in
//! its ancestors.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use chrono::{DateTime, Utc};

use super::{CloneMethod, ControlFile, HistoryOrigin, Storage, shelf::Shelf};
use crate::local::{
    engine_error::EngineError,
    failpoint,
    storage::{data_size, regular},
};

/// The limits of the history of all branches.
#[derive(Clone, Debug, Default)]
pub(in crate::local) struct Retention {
    /// The first time of the window, by the directory of the project. History of any other project is kept.
    pub(in crate::local) since: HashMap<String, DateTime<Utc>>,
    /// Bytes that all history may take.
    pub(in crate::local) budget: u64,
}

/// The result of a trim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trimmed {
    /// Bytes that history takes now.
    pub(crate) kept: u64,
    /// Bytes of WAL that were removed.
    pub(crate) removed: u64,
    /// The time before which history was cut off for the budget.
    pub(crate) cut: Option<DateTime<Utc>>,
}

/// A base takes about this much even if all its data is shared: inodes, extents and directories.
const BASE_OVERHEAD: u64 = 4 << 20;

/// The history of one directory, and the part of it that is needed.
struct Kept {
    dir: PathBuf,
    project: String,
    shelf: Shelf,
    /// Ranges of positions.
    wal: Vec<(u64, u64)>,
    /// Ends of bases.
    bases: BTreeSet<u64>,
    /// Where a crash recovery would begin.
    redo: u64,
    base_size: u64,
}

/// The history that stays while the disk is short. What may be restored gives way to what is used.
const SHORT_BUDGET: u64 = 64 << 20;

/// The least that is worth the history of a branch, while others have older or more of it.
const WORTHWHILE: u64 = 8 << 20;

impl Storage {
    /// Removes history outside of `limits`. The caller holds all history against use.
    pub(in crate::local) fn trim(&self, limits: &Retention) -> Result<Trimmed, EngineError> {
        let mut all = self.shelves()?;
        let since =
            |kept: &Kept| limits.since.get(&kept.project).copied().unwrap_or(DateTime::<Utc>::MIN_UTC);
        let window: Vec<_> = all.iter().map(|kept| Some(since(kept))).collect();
        let mut budget = limits.budget;
        if self.is_short_of_space()? {
            mark(&mut all, &window);
            budget = budget.min((total(&all) / 2).max(SHORT_BUDGET));
        }
        let mut trimmed = fit(&mut all, window, budget);
        for kept in &all {
            trimmed.removed += self.remove_unneeded(kept)?;
        }
        Ok(trimmed)
    }

    /// The history of every branch. Branches that are removed meanwhile are left out.
    fn shelves(&self) -> Result<Vec<Kept>, EngineError> {
        let mut all = Vec::new();
        for key in self.branches()? {
            let dir = self.branch_dir(&key)?;
            let Ok(Some(shelf)) = Shelf::read(&dir) else { continue };
            let data = dir.join("data");
            let Ok(control) = ControlFile::read(&data) else { continue };
            let has_bases = !shelf.bases.is_empty();
            let base_size = if has_bases { data_size(&data).unwrap_or_default() } else { 0 };
            let shares = self.known_method() == Some(CloneMethod::Reflink);
            let base_size = if shares { BASE_OVERHEAD } else { base_size };
            all.push(Kept {
                dir,
                project: key.project,
                shelf,
                wal: Vec::new(),
                bases: BTreeSet::new(),
                redo: control.redo,
                base_size,
            });
        }
        Ok(all)
    }

    /// The oldest first, so that a crash in between leaves a shorter history.
    fn remove_unneeded(&self, kept: &Kept) -> Result<u64, EngineError> {
        for base in kept.shelf.bases.iter().filter(|base| !kept.bases.contains(&base.mark.end)) {
            self.discard(&base.dir)?;
            failpoint::reached("history.base-removed");
        }
        let mut removed = 0;
        for (start, name) in &kept.shelf.segments {
            if !kept.needs(*start) {
                let path = kept.dir.join("wal").join(name);
                regular::remove(&path).map_err(EngineError::io("remove", &path))?;
                removed += kept.shelf.size;
                failpoint::reached("history.segment-removed");
            }
        }
        Ok(removed)
    }
}

impl Kept {
    fn needs(&self, start: u64) -> bool {
        let end = start + self.shelf.size;
        end > self.redo || self.wal.iter().any(|(from, until)| end > *from && start < *until)
    }

    fn drop_all(&mut self) {
        self.wal.clear();
        self.bases.clear();
    }

    fn bytes(&self) -> u64 {
        let segments = self.shelf.segments.keys().filter(|start| self.needs(**start)).count() as u64;
        segments * self.shelf.size + self.bases.len() as u64 * self.base_size
    }
}

fn total(all: &[Kept]) -> u64 {
    all.iter().map(Kept::bytes).sum()
}

/// Cuts off the oldest history until the rest fits.
fn fit(all: &mut [Kept], mut window: Vec<Option<DateTime<Utc>>>, budget: u64) -> Trimmed {
    let mut starts = mark(all, &window);
    let mut trimmed = Trimmed { kept: total(all), ..Trimmed::default() };
    let (mut skipped, mut worthwhile) = (BTreeSet::new(), WORTHWHILE);
    while trimmed.kept > budget {
        let left = |at: &usize| window.get(*at).is_some_and(Option::is_some) && !skipped.contains(at);
        let oldest = (0..all.len()).filter(left).min_by_key(|at| starts.get(*at).copied());
        let Some(oldest) = oldest else {
            if worthwhile == 0 {
                break;
            }
            (skipped, worthwhile) = (BTreeSet::new(), 0);
            continue;
        };
        let mut shorter = window.clone();
        let next = starts.get(oldest).and_then(|start| start.next);
        if let Some(since) = shorter.get_mut(oldest) {
            *since = next;
        }
        let (new_starts, kept) = (mark(all, &shorter), total(all));
        if trimmed.kept.saturating_sub(kept) < worthwhile {
            skipped.insert(oldest);
            continue;
        }
        (window, starts, trimmed.kept) = (shorter, new_starts, kept);
        trimmed.cut = trimmed.cut.max(Some(next.unwrap_or_else(Utc::now)));
    }
    mark(all, &window);
    trimmed
}

/// The base that the history of a branch begins with, and the time of the one after it. Without a base, it is older
/// than all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Start {
    time: Option<DateTime<Utc>>,
    next: Option<DateTime<Utc>>,
}

/// Finds what every branch needs for a window that begins at a time of its own; nothing where that is `None`.
fn mark(all: &mut [Kept], window: &[Option<DateTime<Utc>>]) -> Vec<Start> {
    all.iter_mut().for_each(Kept::drop_all);
    let places: HashMap<PathBuf, usize> =
        all.iter().enumerate().map(|(at, kept)| (kept.dir.clone(), at)).collect();
    window
        .iter()
        .enumerate()
        .map(|(branch, since)| {
            since.map_or_else(Start::default, |since| mark_one(all, &places, branch, since))
        })
        .collect()
}

fn mark_one(
    all: &mut [Kept],
    places: &HashMap<PathBuf, usize>,
    branch: usize,
    since: DateTime<Utc>,
) -> Start {
    let mut start = Start::default();
    let (mut next, mut left_at, mut until) = (Some(branch), u64::MAX, u64::MAX);
    while let Some(at) = next {
        let Some(kept) = all.get(at) else { break };
        let marks: Vec<_> = kept.shelf.bases.iter().map(|base| base.mark).collect();
        let of_chain = || marks.iter().filter(|mark| mark.end <= left_at);
        let base = of_chain().rfind(|mark| mark.time <= since).copied();
        let later = of_chain().map(|mark| mark.time).find(|time| *time > since);
        start.next = later.into_iter().chain(start.next).min();
        let point = kept.shelf.lineage.branch_point().cloned();
        let parent = point.as_ref().and_then(|point| {
            let at = places.get(&kept.dir.with_file_name(&point.branch)).copied()?;
            all.get(at).filter(|other| other.shelf.lineage.id == point.id).map(|_| at)
        });
        let from_template = matches!(kept.shelf.lineage.origin, HistoryOrigin::Template(_));
        // WAL before the first base leads nowhere.
        let first = if parent.is_some() || from_template {
            0
        } else {
            of_chain().map(|mark| mark.redo).min().unwrap_or(until)
        };
        let own_from = kept.shelf.lineage.own_from;
        let Some(kept) = all.get_mut(at) else { break };
        if at == branch {
            kept.bases.extend(marks.iter().filter(|mark| mark.time > since).map(|mark| mark.end));
        }
        kept.wal.push((base.map_or(first, |base| base.redo), until));
        if let Some(base) = base {
            kept.bases.insert(base.end);
            start.time = Some(base.time);
            break;
        }
        left_at = point.map_or(0, |point| left_at.min(point.lsn));
        (next, until) = (parent, until.min(own_from));
    }
    start
}
