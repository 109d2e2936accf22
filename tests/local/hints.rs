//! Commands and addresses that errors name can be used as they are.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use lakebase::local::{LocalError, LocalLakebase};

use crate::support::{
    child::{lakebase_local, output},
    directory::directory,
    fixture::local,
};

/// A directory whose name a shell would read as three words and a quote.
fn awkward(parent: &Path) -> PathBuf {
    let dir = parent.join("ada's new data");
    fs::create_dir(&dir).unwrap();
    dir
}

/// The command between the backticks of a message.
fn command(message: &str) -> &str {
    message.split('`').nth(1).unwrap_or_else(|| panic!("no command in: {message}"))
}

/// The words of a command, as a shell reads them.
fn words(command: &str) -> Vec<String> {
    let script = format!("set -- {command}; for word; do printf '%s\\n' \"$word\"; done");
    let read = output(Command::new("/bin/sh").args(["-c", &script]));
    String::from_utf8(read.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_commands_of_errors_name_the_data_directory_that_was_used() {
    let directory = directory();
    let dir = awkward(directory.path());
    let path = dir.to_str().unwrap().to_owned();
    let error = LocalLakebase::builder().data_dir(&dir).attach().await.unwrap_err().to_string();
    assert_eq!(words(command(&error)), ["lakebase-local", "serve", "--data-dir", &path], "{error}");
    let shown = output(lakebase_local().args(["env", "--data-dir"]).arg(&dir));
    let shown = String::from_utf8(shown.stderr).unwrap();
    assert_eq!(words(command(&shown)), ["lakebase-local", "serve", "--data-dir", &path], "{shown}");

    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let error = LocalLakebase::builder().data_dir(&dir).start().await.unwrap_err();
    assert!(matches!(error, LocalError::InsecureDirectory { .. }), "{error:?}");
    assert!(output(Command::new("/bin/sh").args(["-c", command(&error.to_string())])).status.success());
    let first = LocalLakebase::builder().data_dir(&dir).start().await.unwrap();
    let error = LocalLakebase::builder().data_dir(&dir).start().await.unwrap_err().to_string();
    assert_eq!(words(command(&error)), ["lakebase-local", "env", "--data-dir", &path], "{error}");
    first.shutdown().await;
}

#[tokio::test]
async fn a_taken_address_is_refused_with_one_that_is_free() {
    let (one, two) = (directory(), directory());
    let first = local(one.path()).start().await.unwrap();
    let address = first.host().socket_addrs(|| None).unwrap()[0];
    let error = local(two.path()).listen(address).start().await.unwrap_err();
    let LocalError::Listen { free: Some(free), .. } = error else { panic!("{error:?}") };
    assert!(error.to_string().contains(&format!("--listen {free}")), "{error}");
    assert!(free.ip() == address.ip() && free.port() != address.port(), "{free}");
    first.shutdown().await;
}

#[test]
fn an_address_may_be_localhost_and_a_wrong_one_is_refused_with_a_right_one() {
    let serve = |listen: &str| {
        let refused =
            output(lakebase_local().args(["serve", "--listen", listen, "--data-dir"]).arg("/dev/null"));
        assert!(!refused.status.success());
        String::from_utf8(refused.stderr).unwrap()
    };
    for wrong in ["127.0.0.1", "8432", "localhost:no", "example.com:80", ""] {
        let text = serve(wrong);
        assert!(text.contains("127.0.0.1:8432") || text.contains("a value is required"), "{wrong}: {text}");
    }
    let text = serve("localhost:8432");
    assert!(text.contains("/dev/null: it is not a directory"), "{text}");
}
