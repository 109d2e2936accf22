//! The mix of calls.

use std::{
    collections::BTreeMap,
    sync::Mutex as Lock,
    time::{Duration, Instant},
};

use lakebase::{Expiry, hours, model::RoleDefinition};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use super::{
    Size,
    support::{Result, figures::milliseconds},
    world::World,
};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Call {
    Query,
    Login,
    Get,
    List,
    Update,
    Role,
    Branch,
}

const MIX: [(Call, usize); 7] = [
    (Call::Query, 60),
    (Call::Login, 10),
    (Call::Get, 12),
    (Call::List, 3),
    (Call::Update, 8),
    (Call::Role, 4),
    (Call::Branch, 3),
];

/// Milliseconds of the calls of a kind that went well, and the errors of the others.
type Outcomes = (Vec<f64>, Vec<String>);

/// Latencies and failures by kind of call.
#[derive(Default)]
pub(crate) struct Tally(Lock<BTreeMap<Call, Outcomes>>);

impl Tally {
    fn add(&self, call: Call, taken: Duration, outcome: Result<()>) {
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (times, failures) = calls.entry(call).or_default();
        match outcome {
            Ok(()) => times.push(milliseconds(taken)),
            Err(error) => failures.push(error.to_string()),
        }
    }

    pub(crate) fn failures(&self) -> usize {
        let calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls.values().map(|(_, failures)| failures.len()).sum()
    }

    pub(crate) fn print(&self) {
        let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (call, (times, failures)) in calls.iter_mut() {
            times.sort_by(f64::total_cmp);
            let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default();
            let (count, failed) = (times.len(), failures.len());
            println!(
                "{:<8} {count:>8} calls, p50 {:>8.1} ms, p99 {:>8.1} ms, {failed} failed",
                format!("{call:?}"),
                at(50),
                at(99)
            );
            failures.iter().take(3).for_each(|failure| println!("         {failure}"));
        }
    }
}

/// Workers that make calls until the deadline.
pub(crate) async fn work(
    world: &World,
    size: &Size,
    sessions: &[Mutex<PgConnection>],
    tally: &Tally,
    deadline: Instant,
) {
    let workers = (0..size.workers).map(|_| async {
        while Instant::now() < deadline {
            let call = any();
            let begun = Instant::now();
            let outcome = make(call, world, sessions).await;
            tally.add(call, begun.elapsed(), outcome);
        }
    });
    futures_util::future::join_all(workers).await;
}

fn any() -> Call {
    let whole: usize = MIX.iter().map(|(_, weight)| weight).sum();
    let mut at = fastrand::usize(..whole);
    for (call, weight) in MIX {
        if at < weight {
            return call;
        }
        at -= weight;
    }
    Call::Query
}

async fn make(call: Call, world: &World, sessions: &[Mutex<PgConnection>]) -> Result<()> {
    let branch = world.any_awake().await;
    match call {
        Call::Query => {
            let mut session = sessions[fastrand::usize(..sessions.len())].lock().await;
            sqlx::raw_sql("SELECT count(*) FROM item").execute(&mut *session).await?;
        }
        Call::Login => {
            let mut session = branch.connect().await?;
            sqlx::raw_sql("SELECT 1").execute(&mut session).await?;
            session.close().await?;
        }
        Call::Get => drop(branch.get().await?),
        Call::List => drop(branch.project().branches().await?),
        Call::Update => drop(branch.update().expiry(Expiry::Never).await?),
        Call::Role => {
            let role = branch.create_role(RoleDefinition::plain(world.fresh_id())).await?;
            role.delete().await?;
        }
        Call::Branch => {
            let made = branch.create_branch(world.fresh_id(), Expiry::after(hours(1))).await?;
            made.delete().purge().await?;
        }
    }
    Ok(())
}
