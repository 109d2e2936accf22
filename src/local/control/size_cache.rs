//! Cache of logical branch sizes: measuring one walks all files of the branch.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How long a size is used without measuring again.
const FRESH_FOR: Duration = Duration::from_secs(1);

/// The sizes last known, in bytes, by the uid of the branch.
#[derive(Default)]
pub(super) struct SizeCache(Mutex<HashMap<String, (Instant, i64)>>);

impl SizeCache {
    /// The size, if it was measured a moment ago.
    pub(super) fn recent(&self, uid: &str) -> Option<i64> {
        self.lock().get(uid).filter(|(when, _)| when.elapsed() < FRESH_FOR).map(|(_, size)| *size)
    }

    /// The size that was measured last, of any age.
    pub(super) fn last(&self, uid: &str) -> Option<i64> {
        self.lock().get(uid).map(|(_, size)| *size)
    }

    pub(super) fn put(&self, uid: &str, size: i64) {
        self.lock().insert(uid.to_owned(), (Instant::now(), size));
    }

    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_size_is_good_for_a_second_and_remembered_for_longer() {
        let sizes = SizeCache::default();
        sizes.put("br", 7);
        assert_eq!(sizes.recent("br"), Some(7));
        tokio::time::advance(FRESH_FOR).await;
        assert_eq!((sizes.recent("br"), sizes.last("br")), (None, Some(7)));
        sizes.forget("br");
        assert_eq!(sizes.last("br"), None);
    }
}
