//! A runner of fuzz targets for the stable toolchain: mutates a corpus, without feedback from coverage.
//!
//! An input that panics, takes long or makes the process large is written to `artifacts/` and ends the run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::exit,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

mod mutate;

/// One input may take this long.
const LONGEST: Duration = Duration::from_secs(5);
/// The process may have this much memory at its largest, in kilobytes.
const LARGEST_KB: u64 = 1024 * 1024;

/// Declares the target of a file: a closure over the bytes of an input.
#[macro_export]
macro_rules! target {
    ($name:literal, $run:expr) => {
        #[cfg(feature = "libfuzzer")]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            let run: fn(&[u8]) = $run;
            run(data);
        });

        #[cfg(not(feature = "libfuzzer"))]
        fn main() {
            $crate::run($name, $run);
        }
    };
}

/// The input that runs now and its start.
type Current = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

/// Runs a target for `--seconds N` (60 unless given) from `--seed N`, or on the files that are named.
pub fn run(name: &'static str, target: fn(&[u8])) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut seconds, mut seed, mut files) = (60, fastrand::u64(..), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok());
        match argument.as_str() {
            "--seconds" => seconds = number().unwrap_or_else(|| usage()),
            "--seed" => seed = number().unwrap_or_else(|| usage()),
            file if !file.starts_with('-') => files.push(PathBuf::from(file)),
            _ => usage(),
        }
    }
    if !files.is_empty() {
        for file in files {
            let input = fs::read(&file).unwrap_or_else(|error| panic!("reading {}: {error}", file.display()));
            target(&input);
            println!("{name}: {} passes", file.display());
        }
        return;
    }
    let corpus = corpus(&root.join("corpus").join(name));
    let current = Current::default();
    watch(name, &current);
    let mut random = fastrand::Rng::with_seed(seed);
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let mut runs = 0_u64;
    for input in &corpus {
        one(name, target, &current, input.clone());
    }
    while began.elapsed() < limit {
        one(name, target, &current, mutate::mutate(&mut random, &corpus));
        runs += 1;
    }
    println!(
        "{name}: {runs} inputs in {seconds} s from seed {seed}, at most {} MB: no fault",
        peak_kb() / 1024
    );
}

fn usage() -> ! {
    eprintln!("arguments: [--seconds N] [--seed N] | FILE…");
    exit(2)
}

fn corpus(dir: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("reading {}: {error}", dir.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    // A seed gives the same run everywhere.
    paths.sort();
    let read =
        paths.iter().map(|path| fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
    let corpus: Vec<_> = read.collect();
    assert!(!corpus.is_empty(), "{} is empty", dir.display());
    corpus
}

fn one(name: &str, target: fn(&[u8]), current: &Current, input: Vec<u8>) {
    *lock(current) = Some((Instant::now(), input.clone()));
    let outcome = std::panic::catch_unwind(|| target(&input));
    let began = lock(current).take().map(|(began, _)| began);
    if outcome.is_err() {
        fail(name, "panics on", &input);
    }
    if began.is_some_and(|began| began.elapsed() > LONGEST) {
        fail(name, "takes long over", &input);
    }
    if peak_kb() > LARGEST_KB {
        fail(name, "takes much memory for", &input);
    }
}

/// Ends the process when an input does not end.
fn watch(name: &'static str, current: &Current) {
    let current = current.clone();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(500));
            if let Some((began, input)) = &*lock(&current)
                && began.elapsed() > LONGEST
            {
                fail(name, "does not end on", input);
            }
        }
    });
}

fn fail(name: &str, how: &str, input: &[u8]) -> ! {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(name);
    let file = dir.join(format!("fault-{:016x}", fastrand::Rng::with_seed(input.len() as u64).u64(..)));
    let written = fs::create_dir_all(&dir).and_then(|()| fs::write(&file, input));
    eprintln!("{name} {how} {} bytes, kept in {} ({written:?})", input.len(), file.display());
    exit(1)
}

fn lock(current: &Current) -> std::sync::MutexGuard<'_, Option<(Instant, Vec<u8>)>> {
    current.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most memory that the process has had, in kilobytes; zero where the system does not say.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
