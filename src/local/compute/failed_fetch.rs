//! Record of a failed fetch in the cache directory, so that each run does not wait for the same failure again.

use std::{fs, io, path::PathBuf, time::Duration};

/// How long a failed fetch is not tried again.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The record for one major version.
pub(super) struct FailedFetch(PathBuf);

impl FailedFetch {
    pub(super) fn of(cache: &std::path::Path, major: u32) -> Self {
        Self(cache.join(format!("failed-fetch-{major}")))
    }

    /// The reason not to fetch now; `None` where no fetch failed lately.
    pub(super) fn recent(&self) -> Option<String> {
        let age = fs::metadata(&self.0).and_then(|meta| meta.modified()).ok()?.elapsed().unwrap_or_default();
        let left = REMEMBERED.checked_sub(age).filter(|left| !left.is_zero())?;
        let reason = fs::read_to_string(&self.0).unwrap_or_default();
        Some(format!(
            "fetching it failed {} s ago ({}); it is tried again in {} s, or once {} is removed",
            age.as_secs(),
            reason.trim(),
            left.as_secs(),
            self.0.display()
        ))
    }

    /// Best effort: without the record the next run fetches again.
    pub(super) fn record(&self, reasons: &[String]) {
        if let Err(error) = fs::write(&self.0, reasons.join("; ")) {
            tracing::debug!(%error, path = %self.0.display(), "failed to record a failed fetch");
        }
    }

    pub(super) fn clear(&self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::debug!(%error, path = %self.0.display(), "failed to remove the record of a failed fetch");
            }
            _ => {}
        }
    }
}
