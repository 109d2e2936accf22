//! Times of the parts of a branch: how long each took, how often.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::Engine;

/// The number and the sum of the times of one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartTimes {
    pub(crate) count: u64,
    pub(crate) sum: Duration,
}

/// The times of all parts, by their names.
#[derive(Debug, Default)]
pub(super) struct Timings(Mutex<BTreeMap<&'static str, PartTimes>>);

impl Timings {
    pub(super) fn add(&self, part: &'static str, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry(part).or_default();
        times.count += 1;
        times.sum += took;
    }

    /// Begins the first part of some work.
    pub(super) fn begin(&self) -> Stopwatch<'_> {
        Stopwatch { timings: self, last: Instant::now() }
    }
}

/// Takes the times of parts that follow each other.
pub(super) struct Stopwatch<'a> {
    timings: &'a Timings,
    last: Instant,
}

impl Stopwatch<'_> {
    /// Ends a part; the next one begins.
    pub(super) fn lap(&mut self, part: &'static str) {
        let now = Instant::now();
        self.timings.add(part, now.duration_since(self.last));
        self.last = now;
    }
}

impl Engine {
    /// The times of the parts of clones, starts and promotions since the start of the server.
    pub(crate) fn timings(&self) -> BTreeMap<&'static str, PartTimes> {
        self.inner.timings.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_and_summed() {
        let timings = Timings::default();
        timings.add("clone", Duration::from_millis(3));
        timings.add("clone", Duration::from_millis(4));
        timings.begin().lap("other");
        let all = timings.0.lock().unwrap();
        assert_eq!(all["clone"], PartTimes { count: 2, sum: Duration::from_millis(7) });
        assert_eq!(all["other"].count, 1);
    }
}
