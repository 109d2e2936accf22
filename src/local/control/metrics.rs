//! Counts and sizes of the server, in Prometheus' text format.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{Control, error_response::ErrorResponse};
use crate::local::engine::{CloneMethod, PartTimes};

/// Counts of events since the start of the server.
#[derive(Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    wakes: AtomicU64,
    spares_made: AtomicU64,
    spares_used: AtomicU64,
    clones: Mutex<[CloneTimes; 2]>,
    parts: Mutex<BTreeMap<&'static str, PartTimes>>,
}

/// Upper bounds of the buckets of clone times, in seconds.
const BUCKETS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const METHODS: [(CloneMethod, &str); 2] = [(CloneMethod::Reflink, "reflink"), (CloneMethod::Copy, "copy")];

#[derive(Clone, Copy, Default)]
struct CloneTimes {
    /// The number of clones up to each bound.
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl Counters {
    /// Counts a decision about a login.
    pub(super) fn login(&self, accepted: bool) {
        let counter = if accepted { &self.accepted } else { &self.refused };
        counter.fetch_add(1, Relaxed);
    }

    /// Counts the start of a compute.
    pub(super) fn wake(&self) {
        self.wakes.fetch_add(1, Relaxed);
    }

    /// Counts a spare that is ready.
    pub(super) fn spare_made(&self) {
        self.spares_made.fetch_add(1, Relaxed);
    }

    /// Counts a spare that became a branch.
    pub(super) fn spare_used(&self) {
        self.spares_used.fetch_add(1, Relaxed);
    }

    /// Counts a clone of a branch's files.
    pub(super) fn cloned(&self, method: CloneMethod, took: Duration) {
        let took = took.as_secs_f64();
        let mut all = self.clones();
        for (times, (other, _)) in all.iter_mut().zip(METHODS) {
            if other == method {
                times.count += 1;
                times.seconds += took;
                let within = times.buckets.iter_mut().zip(BUCKETS).filter(|(_, bound)| took <= *bound);
                within.for_each(|(bucket, _)| *bucket += 1);
            }
        }
    }

    /// Counts a part of the creation of a branch.
    pub(super) fn part(&self, part: &'static str, took: Duration) {
        let mut parts = self.parts();
        let times = parts.entry(part).or_default();
        times.count += 1;
        times.sum += took;
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<&'static str, PartTimes>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clones(&self) -> MutexGuard<'_, [CloneTimes; 2]> {
        self.clones.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clone_times(&self) -> String {
        let name = "lakebase_branch_clone_seconds";
        let mut text = head(name, "histogram", "Time to clone the files of a branch");
        for (times, (_, method)) in self.clones().iter().zip(METHODS) {
            for (bucket, bound) in times.buckets.iter().zip(BUCKETS) {
                line(&mut text, &format!("{name}_bucket{{method=\"{method}\",le=\"{bound}\"}}"), bucket);
            }
            line(&mut text, &format!("{name}_bucket{{method=\"{method}\",le=\"+Inf\"}}"), times.count);
            line(&mut text, &format!("{name}_sum{{method=\"{method}\"}}"), times.seconds);
            line(&mut text, &format!("{name}_count{{method=\"{method}\"}}"), times.count);
        }
        text
    }
}

impl Control {
    /// All metrics, in Prometheus' text format. Looks at the directories of all branches.
    pub(crate) async fn metrics(&self) -> Result<String, ErrorResponse> {
        let (state, engine, counters) =
            (self.state.snapshot(), &self.computes.engine, &self.computes.counters);
        let usage = engine.disk_usage().await?;
        let computes = state
            .branches
            .values()
            .flat_map(|branch| branch.endpoints.values().map(move |endpoint| branch.compute_key(endpoint)));
        let awake = computes.filter(|key| engine.running(key).is_some()).count();
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let mut text = String::new();
        let mut gauge = |name: &str, help: &str, value: u64| {
            text.push_str(&head(name, "gauge", help));
            line(&mut text, name, value);
        };
        gauge(
            "lakebase_projects",
            "Projects, deleted ones included until they are purged",
            state.projects.len() as u64,
        );
        gauge("lakebase_branches", "Branches", state.branches.len() as u64);
        gauge("lakebase_computes_awake", "PostgreSQL servers that run", awake as u64);
        let spares = engine.sources_of_spares().iter().map(|source| engine.spares_of(source)).sum::<usize>();
        gauge("lakebase_spares", "Warm spares that are ready to become branches", spares as u64);
        gauge(
            "lakebase_wal_bytes",
            "WAL that branches keep; a file that several share counts once",
            usage.wal,
        );
        gauge("lakebase_disk_free_bytes", "Space left on the file system of the data directory", usage.free);
        gauge("lakebase_disk_size_bytes", "Size of the file system of the data directory", usage.size);
        let name = "lakebase_logins_total";
        text.push_str(&head(name, "counter", "Logins by token or password that were decided"));
        line(&mut text, &format!("{name}{{outcome=\"accepted\"}}"), read(&counters.accepted));
        line(&mut text, &format!("{name}{{outcome=\"refused\"}}"), read(&counters.refused));
        let name = "lakebase_wakes_total";
        text.push_str(&head(name, "counter", "Starts of PostgreSQL servers"));
        line(&mut text, name, read(&counters.wakes));
        let name = "lakebase_spares_total";
        text.push_str(&head(name, "counter", "Warm spares that were made, and those that became a branch"));
        line(&mut text, &format!("{name}{{event=\"made\"}}"), read(&counters.spares_made));
        line(&mut text, &format!("{name}{{event=\"used\"}}"), read(&counters.spares_used));
        text.push_str(&counters.clone_times());
        text.push_str(&part_times(engine.timings(), &counters.parts()));
        Ok(text)
    }
}

/// The times of the parts of clones, starts, promotions and creations.
fn part_times(
    mut parts: BTreeMap<&'static str, PartTimes>,
    created: &BTreeMap<&'static str, PartTimes>,
) -> String {
    parts.extend(created.iter().map(|(part, times)| (*part, *times)));
    let name = "lakebase_part_seconds";
    let mut text = head(name, "summary", "Times of the parts of clones, starts and promotions");
    for (part, times) in parts {
        line(&mut text, &format!("{name}_sum{{part=\"{part}\"}}"), times.sum.as_secs_f64());
        line(&mut text, &format!("{name}_count{{part=\"{part}\"}}"), times.count);
    }
    text
}

fn head(name: &str, kind: &str, help: &str) -> String {
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

fn line(text: &mut String, series: &str, value: impl std::fmt::Display) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{series} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clone_times_are_cumulative_buckets_by_method() {
        let counters = Counters::default();
        counters.cloned(CloneMethod::Copy, Duration::from_millis(200));
        counters.cloned(CloneMethod::Copy, Duration::from_secs(60));
        let text = counters.clone_times();
        for series in [
            "lakebase_branch_clone_seconds_bucket{method=\"copy\",le=\"0.1\"} 0",
            "lakebase_branch_clone_seconds_bucket{method=\"copy\",le=\"0.25\"} 1",
            "lakebase_branch_clone_seconds_bucket{method=\"copy\",le=\"30\"} 1",
            "lakebase_branch_clone_seconds_bucket{method=\"copy\",le=\"+Inf\"} 2",
            "lakebase_branch_clone_seconds_sum{method=\"copy\"} 60.2",
            "lakebase_branch_clone_seconds_count{method=\"reflink\"} 0",
        ] {
            assert!(text.lines().any(|line| line == series), "{series}\n{text}");
        }
    }
}
