//! Random sequences of calls by eight clients, compared with a model of the API's rules.
//!
//! `LAKEBASE_MODEL_CASES` is the number of sequences for each client, 1 where it is not set. A sequence that fails is
//! shrunk; its seed stays in `tests/model/regressions.txt` and runs first from then on.

pub(crate) mod call;
pub(crate) mod rules;
pub(crate) mod walk;

use proptest::{
    collection::vec,
    test_runner::{Config, FileFailurePersistence, TestRunner},
};

use call::Call;
use walk::Sharing;

const CLIENTS: usize = 8;
const CALLS: usize = 18;

fn check(sharing: Sharing) {
    let cases = std::env::var("LAKEBASE_MODEL_CASES").map_or(1, |cases| cases.parse().expect("a number"));
    let config = Config {
        cases,
        max_shrink_iters: 40,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/model/regressions.txt"))),
        ..Config::default()
    };
    let sequences = vec(vec(call::any(), CALLS), CLIENTS);
    let done = TestRunner::new(config).run(&sequences, |sequences| walk::all(sequences, sharing));
    done.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn clients_with_a_project_each_get_what_the_rules_allow() {
    check(Sharing::Server);
}

#[test]
fn clients_with_branches_of_one_project_get_what_the_rules_allow() {
    check(Sharing::Project);
}

/// Sequences that failed once, in their shrunk form.
#[test]
fn sequences_that_failed_once_hold() {
    use call::Expiration::{Days, Never};
    let b = |id: u8| call::Branch::Own(id);
    let known: [Vec<Call>; 1] = [vec![
        // A branch that expires cannot become the parent of another, not even by a replaced one.
        Call::CreateBranch { id: b(0), source: None, expiry: Days(1), protected: None, replace: false },
        Call::CreateBranch { id: b(1), source: Some(b(0)), expiry: Never, protected: None, replace: true },
        Call::DeleteBranch { id: b(0) },
    ]];
    for calls in known {
        walk::all(vec![calls], Sharing::Server).unwrap();
    }
}
