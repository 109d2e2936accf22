//! Growing pauses between attempts.

use std::time::Duration;

/// Pauses that grow by a factor from the first to the longest one, a part of each random.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// The upper end of the next pause.
    ceiling: Duration,
    longest: Duration,
    growth: f64,
    jitter: f64,
}

impl Backoff {
    /// Doubles from `first` to `longest`, without jitter.
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { ceiling: first, longest, growth: 2.0, jitter: 0.0 }
    }

    /// The factor by which the pauses grow.
    pub(crate) const fn growth(self, growth: f64) -> Self {
        Self { growth, ..self }
    }

    /// The random part of each pause, from 0 to 1 (full jitter): callers that started together do not stay together.
    pub(crate) const fn jitter(self, jitter: f64) -> Self {
        Self { jitter, ..self }
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        self.pause_with(fastrand::f64())
    }

    /// The next pause for a random number from 0 to 1.
    fn pause_with(&mut self, random: f64) -> Duration {
        let pause = self.ceiling.mul_f64(1.0 - self.jitter * (1.0 - random));
        self.ceiling = self.ceiling.mul_f64(self.growth).min(self.longest);
        pause
    }

    /// Sleeps for the next pause.
    pub(crate) async fn sleep(&mut self) {
        tokio::time::sleep(self.pause()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_millis(100);

    #[test]
    fn pauses_grow_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::new(FIRST, LONGEST);
        let pauses: Vec<u128> = (0..5).map(|_| backoff.pause().as_millis()).collect();
        assert_eq!(pauses, [20, 40, 80, 100, 100]);
        let mut slow = Backoff::new(FIRST, LONGEST).growth(1.5);
        assert_eq!((slow.pause().as_millis(), slow.pause().as_millis()), (20, 30));
        for _ in 0..10_000 {
            assert!(slow.pause() <= LONGEST);
        }
    }

    #[test]
    fn jitter_is_the_random_part_of_a_pause() {
        let with = |jitter: f64, random: f64| Backoff::new(FIRST, LONGEST).jitter(jitter).pause_with(random);
        assert_eq!((with(1.0, 0.0), with(1.0, 0.5), with(1.0, 1.0)), (Duration::ZERO, FIRST / 2, FIRST));
        assert_eq!((with(0.5, 0.0), with(0.5, 1.0)), (FIRST / 2, FIRST));
        assert_eq!(with(0.0, 0.0), FIRST);
    }
}
