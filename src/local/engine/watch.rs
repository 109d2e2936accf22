//! The known state of a branch's history while its compute runs, and the time of its next base.

use std::time::{Duration, Instant, SystemTime};

use crate::local::storage::{CloneMethod, Swept};

/// The least WAL between the replays of two bases that follow checkpoints of PostgreSQL itself, and the least time: after
/// a base, the file system copies each page that is written for the first time.
const SPACING: u64 = 32 << 20;
const SPACING_TIME: Duration = Duration::from_secs(10);
/// WAL after which a base is taken although PostgreSQL has made no checkpoint, as with a large `max_wal_size`.
const OVERDUE: u64 = 320 << 20;
/// WAL after which a base is taken once a compute is quiet.
const QUIET_SPACING: u64 = 16 << 20;
/// The time without a new segment after which a compute is quiet.
const QUIET: Duration = Duration::from_millis(1500);
/// WAL between two bases where each is a full copy, at least.
const COPY_SPACING: u64 = 512 << 20;
/// The time until a base that could not be taken is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// The history of one branch as it was last seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The last change of the directory that was swept.
    pub(super) seen: Option<SystemTime>,
    pub(super) swept: Option<Swept>,
    /// When there was a new segment.
    pub(super) changed: Option<Instant>,
    /// Where the replay of the newest base begins; `None` if there is none.
    pub(super) redo: Option<u64>,
    /// When a base was taken.
    pub(super) taken: Option<Instant>,
    /// Whether a base is being taken.
    pub(super) busy: bool,
    /// When a base could not be taken.
    pub(super) failed: Option<Instant>,
}

/// The way to the next base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// From the last checkpoint.
    Now,
    /// After a checkpoint.
    AfterCheckpoint,
}

impl Watch {
    /// Whether and how a base is to be taken.
    pub(super) fn due(&self, method: CloneMethod) -> Option<Due> {
        let swept = self.swept?;
        if self.busy || self.failed.is_some_and(|at| at.elapsed() < RETRY) {
            return None;
        }
        let Some(redo) = self.redo else { return Some(Due::AfterCheckpoint) };
        // What a branch inherited is replayed from a base of its source.
        let from = redo.max(swept.own_from);
        let (written, checkpointed) = (swept.newest.saturating_sub(from), swept.redo.saturating_sub(from));
        if method == CloneMethod::Copy {
            return (written >= COPY_SPACING).then_some(Due::AfterCheckpoint);
        }
        let overdue = written >= OVERDUE;
        let recent = self.taken.is_some_and(|at| at.elapsed() < SPACING_TIME);
        if checkpointed >= SPACING && (overdue || !recent) {
            return Some(Due::Now);
        }
        let quiet = self.changed.is_some_and(|at| at.elapsed() > QUIET);
        (overdue || (quiet && written >= QUIET_SPACING)).then_some(Due::AfterCheckpoint)
    }

    /// Looks at everything again.
    pub(super) fn forget(&mut self) {
        (self.seen, self.swept, self.redo) = (None, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_due_after_a_checkpoint_when_quiet_and_where_there_is_none() {
        let mb = 1_u64 << 20;
        let mut watch = Watch::default();
        let mut due = |redo: Option<u64>, at: u64, newest: u64, quiet: bool| {
            watch.redo = redo.map(|redo| redo * mb);
            watch.swept = Some(Swept { redo: at * mb, newest: newest * mb, own_from: 100 * mb });
            let past = Instant::now().checked_sub(Duration::from_secs(60));
            watch.changed = if quiet { past } else { Some(Instant::now()) };
            watch.due(CloneMethod::Reflink)
        };
        assert_eq!(due(Some(100), 131, 150, false), None);
        assert_eq!(due(Some(100), 132, 150, false), Some(Due::Now));
        assert_eq!(due(Some(100), 100, 115, true), None);
        assert_eq!(due(Some(100), 100, 116, true), Some(Due::AfterCheckpoint));
        assert_eq!(due(Some(100), 100, 420, false), Some(Due::AfterCheckpoint));
        assert_eq!(due(Some(10), 110, 110, true), None, "its source has the rest");
        assert_eq!(due(None, 100, 100, false), Some(Due::AfterCheckpoint));
        watch.redo = Some(100 * mb);
        watch.taken = Some(Instant::now());
        let mut due = |at: u64, newest: u64| {
            watch.swept = Some(Swept { redo: at * mb, newest: newest * mb, own_from: 100 * mb });
            watch.due(CloneMethod::Reflink)
        };
        assert_eq!(due(240, 300), None, "the last base is too young");
        assert_eq!(due(240, 420), Some(Due::Now), "the replay would take too long");
        watch.busy = true;
        assert_eq!(watch.due(CloneMethod::Reflink), None);
    }
}
