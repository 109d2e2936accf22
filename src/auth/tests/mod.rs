//! The conformance rows of unified authentication, as tables. They are unit tests because they need the network
//! and the environment to be scripted.
//!
//! Rows left out, and why:
//!
//! * C7–C11, C31, C101a, C101b (basic, DSN): a login that this crate does not have. Its settings still take part in
//!   the conflict check (C6, C12, C21, C29), are named where no login fits, and its name is refused with a list of
//!   what there is.
//! * C16 `rate_limit`, C137, C147: there is no rate limiter and no request hook.
//! * C41: passwords belong to basic; the same quoting is tested on tokens.
//! * C51 as Python (port 443 is dropped), C50 as Go (the path is dropped).
//! * C77: there is no resolver to plug in; the scripted network answers instead.
//! * C13: a config file that was named and is missing is an error of its own, not silence.
//! * C132: at the deadline the last refusal is the error, with a remark on the attempts, not a bare timeout.
//! * C133, C154: texts and paths of clusters and jobs.
//! * C138, C142: bodies are always in memory, and there is one place that authenticates.
//! * C140, C141: bodies are never logged, and spans are the business of `tracing`.
//! * C144: this crate calls no account-level path.
//! * C168: the settings are not repeated in a refusal; the message says which login to check.
//! * C171: no code path adds pairs to the user agent twice.
//! * C119 with the margin of 40 s that holds for every token here.
//!
//! Elsewhere: C118–C125c in `cache/tests.rs`; C126–C136, C139, C143, C145, C146, C152, C153 in `http/tests.rs`;
//! C148–C167 in `http/error_body/tests.rs`; C169–C172 in `http/user_agent/tests.rs`; C173–C178 with the credentials.

mod cli;
mod endpoints;
mod files;
mod hosts;
mod strategies;
mod suite;

use std::{path::PathBuf, sync::Arc};

use crate::{
    api::client::Lakebase,
    auth::Env,
    error::{Error, Result},
    http::script::{Script, Sent, Step, refusal},
};

/// A network on which nothing answers.
fn nowhere() -> Arc<Script> {
    Script::new(|_, _| refusal(404, ""))
}

/// A client from settings in code and environment variables.
pub(super) async fn build(
    code: &[(&str, &str)],
    env: &[(&str, &str)],
    script: &Arc<Script>,
) -> Result<Lakebase> {
    let mut builder = Lakebase::builder().env(env.iter().copied().collect()).exchange(script.clone());
    for (name, value) in code {
        builder = builder.config(name, *value);
    }
    builder.build().await
}

/// A home directory with a `.databrickscfg`.
fn home(content: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".databrickscfg"), content).unwrap();
    home
}

/// A program in a directory of its own. The file is written by another process: one that this process had open
/// for writing could not be started while any other test is between its fork and its exec.
pub(super) fn program(name: &str, script: &str, padding: usize) -> tempfile::TempDir {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };
    let directory = tempfile::tempdir().unwrap();
    let path: PathBuf = directory.path().join(name);
    let mut child = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let text = format!("#!/bin/sh\n{script}\nexit 0\n{}", "#".repeat(padding));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    directory
}

/// Fails the test if a text that a user could see has the secret in it.
pub(super) fn assert_hidden(error: &Error, secret: &str) {
    assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
}
