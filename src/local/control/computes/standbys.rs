//! Computes of read-only endpoints: hot standbys of the branch's own compute.

use super::Computes;
use crate::local::{
    control::{
        error_conversion::with_sources,
        error_response::ErrorResponse,
        rules::sizing,
        state::{Branch, Endpoint, State},
    },
    engine::{ComputeSettings, EngineError},
};

/// The setting that a standby must have at least as high as its source; connections are the other one.
const LOCKS: &str = "max_locks_per_transaction";
/// PostgreSQL's default of it.
const DEFAULT_LOCKS: u64 = 64;

/// The PostgreSQL settings of a standby: those of its endpoint, raised to what its source has where PostgreSQL demands
/// that.
pub(super) fn settings(branch: &Branch, endpoint: &Endpoint) -> ComputeSettings {
    let mut own = sizing::settings(&endpoint.sizing, &endpoint.pg_settings);
    let Some(source) = branch.read_write() else { return own };
    let source = sizing::settings(&source.sizing, &source.pg_settings);
    own.max_connections = own.max_connections.max(source.max_connections);
    let most = locks(&own).max(locks(&source));
    if most != DEFAULT_LOCKS {
        own.pg_settings.insert(LOCKS.to_owned(), most.to_string());
    }
    own
}

fn locks(settings: &ComputeSettings) -> u64 {
    settings.pg_settings.get(LOCKS).and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_LOCKS)
}

/// Whether a standby with these settings can replay what its source writes.
pub(in crate::local::control) fn can_follow(standby: &ComputeSettings, source: &ComputeSettings) -> bool {
    standby.max_connections >= source.max_connections && locks(standby) >= locks(source)
}

impl Computes {
    /// Has the standbys of a branch stream from its compute, which runs.
    pub(super) async fn connect_standbys(&self, branch: &Branch) {
        let mut standbys = branch.read_only().peekable();
        if standbys.peek().is_none() {
            return;
        }
        if let Err(error) = self.engine.admit_standbys(&branch.key()).await {
            let error = with_sources(&error);
            tracing::warn!(branch = %branch.name(), error, "read-only endpoints cannot stream from the branch");
        }
        standbys.for_each(|endpoint| self.engine.reconnect(&branch.compute_key(endpoint)));
    }

    /// Wakes the branch's own compute, unless it is disabled, and lets standbys stream from it.
    pub(in crate::local::control) async fn admit_standbys(&self, branch: &Branch) -> Result<(), EngineError> {
        match branch.read_write() {
            Some(source) if !source.disabled => {
                self.wake(branch, source).await?;
                self.engine.admit_standbys(&branch.key()).await
            }
            _ => Ok(()),
        }
    }

    /// Stops the standbys whose settings follow from those of the branch's own compute and have changed with them; the
    /// next login starts them.
    pub(in crate::local::control) async fn restart_standbys(
        &self,
        before: &Branch,
        after: &Branch,
    ) -> Result<(), ErrorResponse> {
        for endpoint in after.read_only() {
            if settings(before, endpoint) != settings(after, endpoint) {
                self.stop(after, endpoint).await?;
            }
        }
        Ok(())
    }

    /// Stops standbys whose source has removed WAL that they do not have; the next login makes them anew.
    pub(in crate::local::control) async fn stop_left_behind(&self, state: &State) {
        for branch in state.branches.values().filter(|branch| !branch.init) {
            for endpoint in branch.read_only() {
                let (source, standby) = (branch.key(), branch.compute_key(endpoint));
                let stream =
                    self.engine.running(&source).is_some() && self.engine.running(&standby).is_some();
                if !stream || !self.engine.is_left_behind(&source, &standby).await.unwrap_or(false) {
                    continue;
                }
                tracing::warn!(endpoint = endpoint.uid, "the standby was left behind; stopping it");
                if let Err(error) = self.stop(branch, endpoint).await {
                    tracing::warn!(error = with_sources(&error), "failed to stop a standby");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::control::state::{Kind, tests::branch};

    #[test]
    fn a_standby_has_at_least_the_connections_and_locks_of_its_source() {
        let mut dev = branch("dev");
        let mut replica = dev.read_write().unwrap().clone();
        replica.kind = Kind::ReadOnly;
        replica.sizing.max_cu = 0.5;
        let set = |dev: &mut Branch, text: &str| {
            let primary = dev.endpoints.values_mut().next().unwrap();
            primary.sizing.max_cu = 4.0;
            primary.pg_settings = [(LOCKS.to_owned(), text.to_owned())].into();
        };
        assert!(!settings(&dev, &replica).pg_settings.contains_key(LOCKS));
        set(&mut dev, "256");
        let raised = settings(&dev, &replica);
        assert_eq!((raised.max_connections, raised.pg_settings[LOCKS].as_str()), (839, "256"));
        replica.pg_settings = [(LOCKS.to_owned(), "512".to_owned())].into();
        assert_eq!(settings(&dev, &replica).pg_settings[LOCKS], "512");
        set(&mut dev, "10");
        replica.pg_settings.clear();
        assert!(!settings(&dev, &replica).pg_settings.contains_key(LOCKS), "the default is more");
    }
}
