//! A client that makes random calls and writes rows, and knows what was acknowledged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lakebase::{Lakebase, auth::Env};
use proptest::{
    strategy::{BoxedStrategy, Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sqlx::Connection as _;

use crate::{
    model::{
        call::{self, Branch, Call, Names},
        rules::{self, Model},
        walk,
    },
    support::serve::Serve,
};

/// Rows of one write: all of them are there or none.
const ROWS: i64 = 50;
/// Keys of one client.
const KEYS: i64 = 1_000_000;

/// The state that the acknowledged calls of a client lead to.
#[derive(Clone, Debug)]
struct State {
    model: Model,
    /// The keys of the writes in each branch.
    rows: BTreeMap<String, BTreeSet<i64>>,
}

#[derive(Clone, Debug)]
enum Step {
    Call(Call),
    Write(Branch, i64),
}

pub(super) struct Client {
    number: usize,
    names: Names,
    state: State,
    /// The state after a step without an answer.
    pending: Option<(Step, State)>,
    steps: BoxedStrategy<Call>,
    runner: TestRunner,
    next: i64,
    pub(super) acknowledged: usize,
}

impl Client {
    pub(super) fn new(number: usize, names: Names, first_database: (String, String), seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = number as u8;
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let rows = [(names.id(Branch::Root), BTreeSet::new())].into();
        let model = Model::new(names.clone(), first_database);
        Self {
            number,
            names,
            state: State { model, rows },
            pending: None,
            steps: call::any().boxed(),
            runner: TestRunner::new_with_rng(Config::default(), rng),
            next: 0,
            acknowledged: 0,
        }
    }

    /// Makes calls until told to stop, or until a call has no answer after a fault.
    pub(super) async fn work(&mut self, serve: &Serve, injected: &AtomicBool, stop: &AtomicBool) {
        let lakebase = impatient(serve).await;
        while !stop.load(Ordering::Relaxed) && self.pending.is_none() {
            let step = self.step();
            let mut next = self.state.clone();
            let broken = match &step {
                Step::Call(call) => next.call(call, &self.names),
                Step::Write(branch, key) => {
                    let rows = next.rows.get_mut(&self.names.id(*branch));
                    rows.expect("a branch that is there").insert(*key);
                    vec![]
                }
            };
            let answer = match &step {
                Step::Call(call) => call.send(&lakebase, &self.names).await,
                Step::Write(branch, key) => {
                    let done = write(&lakebase, &self.names.branch(*branch), *key).await;
                    done.map_err(|text| rules::ErrorAnswer { status: 0, code: String::new(), text })
                }
            };
            match answer {
                Ok(()) => {
                    assert!(broken.is_empty(), "{step:?} went through, but breaks {broken:?}");
                    self.state = next;
                    self.acknowledged += 1;
                }
                Err(denial) if broken.iter().any(|rule| rule.explains(&denial)) => {}
                Err(denial) => {
                    assert!(injected.load(Ordering::SeqCst), "{step:?} without any fault: {denial}");
                    let next = if broken.is_empty() { next } else { self.state.clone() };
                    self.pending = Some((step, next));
                }
            }
        }
    }

    fn step(&mut self) -> Step {
        let written: Vec<_> = [Branch::Root, Branch::Own(0), Branch::Own(1), Branch::Own(2), Branch::Own(3)]
            .into_iter()
            .filter(|branch| self.state.rows.contains_key(&self.names.id(*branch)))
            .collect();
        loop {
            let call = self.steps.new_tree(&mut self.runner).expect("no filter refuses").current();
            self.next += 1;
            let key = self.number as i64 * KEYS + self.next;
            if self.next % 3 == 0 {
                return Step::Write(written[self.next as usize / 3 % written.len()], key);
            }
            // An expiry brings no more faults, but branches without children.
            if rules::is_private(&call) && !matches!(call, Call::Expire { .. }) {
                return Step::Call(call);
            }
        }
    }

    /// Compares what the server has with what it acknowledged; a step without an answer is done whole or not at all.
    pub(super) async fn verify(&mut self, serve: &Serve) {
        let lakebase = serve.client().await;
        let now = self.compare(&lakebase, &self.state).await;
        match (now, self.pending.take()) {
            (Ok(()), _) => {}
            (Err(before), None) => panic!("client {}: {before}", self.number),
            (Err(before), Some((step, next))) => {
                if let Err(after) = self.compare(&lakebase, &next).await {
                    panic!(
                        "client {}: {step:?} is half done:\nnot undone: {before}\nnot done: {after}",
                        self.number
                    );
                }
                self.state = next;
            }
        }
    }

    async fn compare(&self, lakebase: &Lakebase, state: &State) -> Result<(), String> {
        let project = lakebase.project(self.names.project.trim_start_matches("projects/"));
        let project = project.expect("an id").get().await.map_err(|error| format!("{error:?}"))?;
        walk::compare(&project, &self.names, &state.model).await?;
        for (branch, wanted) in &state.rows {
            let name = format!("{}/branches/{branch}", self.names.project);
            let found = rows(lakebase, &name, self.number as i64).await?;
            let whole: BTreeMap<i64, i64> = wanted.iter().map(|key| (*key, ROWS)).collect();
            if found != whole {
                return Err(format!("rows of {branch}: {found:?} instead of {whole:?}"));
            }
        }
        Ok(())
    }
}

impl State {
    fn call(&mut self, call: &Call, names: &Names) -> Vec<rules::Violation> {
        let before: BTreeSet<String> = self.model.branches.keys().cloned().collect();
        let broken = self.model.apply(call);
        if let Call::CreateBranch { id, .. } = call
            && let id = names.id(*id)
            && !before.contains(&id)
            && let Some(source) = self.model.branches.get(&id).and_then(|branch| branch.source.clone())
        {
            let inherited = self.rows.get(&source).cloned().unwrap_or_default();
            self.rows.insert(id, inherited);
        }
        self.rows.retain(|id, _| self.model.branches.contains_key(id));
        broken
    }
}

/// A client that gives up at once: a call that was sent before a crash must not be sent again after it.
async fn impatient(serve: &Serve) -> Lakebase {
    let builder = Lakebase::builder().env(Env::empty()).host(serve.text("host"));
    builder.token(serve.text("token")).build().await.expect("a client")
}

async fn write(lakebase: &Lakebase, branch: &str, key: i64) -> Result<(), String> {
    let branch = lakebase.branch(branch).map_err(|error| error.to_string())?;
    // Without a server a login is tried again until its time is up.
    let connecting = branch.connect().timeout(Duration::from_secs(15));
    let mut session = connecting.await.map_err(|error| format!("{error:?}"))?;
    let sql = "INSERT INTO writes SELECT $1, n FROM generate_series(1, $2) n";
    sqlx::query(sql).bind(key).bind(ROWS).execute(&mut session).await.map_err(|error| error.to_string())?;
    let _ = session.close().await;
    Ok(())
}

async fn rows(lakebase: &Lakebase, branch: &str, client: i64) -> Result<BTreeMap<i64, i64>, String> {
    let branch = lakebase.branch(branch).map_err(|error| error.to_string())?;
    let mut session = branch.connect().await.map_err(|error| format!("{error:?}"))?;
    let sql = "SELECT key, count(*) FROM writes WHERE key / $1 = $2 GROUP BY key";
    let rows: Vec<(i64, i64)> = sqlx::query_as(sql)
        .bind(KEYS)
        .bind(client)
        .fetch_all(&mut session)
        .await
        .map_err(|error| format!("rows of {}: {error}", branch.name()))?;
    let _ = session.close().await;
    Ok(rows.into_iter().collect())
}
