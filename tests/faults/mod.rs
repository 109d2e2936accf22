//! Crashes and failures of the machine while several clients call the API and write rows.
//!
//! Everything acknowledged is whole afterwards, nothing is half made, page checksums are right, and no process, socket
//! or directory is left. Without further settings this takes some seconds; the long form is
//!
//! ```text
//! LAKEBASE_FAULTS_SECONDS=3600 LAKEBASE_FAULTS_SEED=7 cargo test --test main -- faults:: --include-ignored --nocapture
//! ```

mod client;
mod crash;
mod kill;
mod limits;
mod needs_root;

/// Seconds that each test of random crashes takes; none for the short form.
fn seconds() -> Option<u64> {
    Some(std::env::var("LAKEBASE_FAULTS_SECONDS").ok()?.parse().expect("a number of seconds"))
}

/// The seed of the calls and of the moments of the crashes.
fn seed() -> u64 {
    match std::env::var("LAKEBASE_FAULTS_SEED") {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) => fastrand::u64(..),
    }
}
