//! The system account that PostgreSQL runs as.
//!
//! PostgreSQL refuses to run as root. A server that is root runs it as another account, which owns the
//! directories of branches; file work in these directories is done by threads that gave up root
//! ([`FileWorkers`]). Otherwise there is one account and nothing to change.

mod directory;
mod privileges;
mod workers;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::engine_error::EngineError;

pub(super) use directory::{check_ancestors, check_owned, check_reach, close_to_others, hand_over};
pub(super) use workers::FileWorkers;

/// The account of a server that is root, unless another is named.
const NAME: &str = "lakebase";

/// An account other than that of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Chooses the account: none where this process is not root, else `wanted`, else `lakebase`, which is
    /// created where it is missing.
    pub(super) fn choose(wanted: Option<&str>) -> Result<Option<Self>, EngineError> {
        let current = rustix::process::geteuid();
        if !current.is_root() {
            return match wanted {
                Some(name) if lookup(name).map(|account| account.uid) != Some(current.as_raw()) => {
                    Err(unusable(name, "only root can run it as another user; name none"))
                }
                _ if !has_name(current.as_raw()) => Err(unusable(
                    &format!("with the id {}", current.as_raw()),
                    "it has no name, without which PostgreSQL makes no cluster; add a line for it to /etc/passwd, or \
                     start the server as a user with a name",
                )),
                _ => Ok(None),
            };
        }
        if !cfg!(target_os = "linux") {
            return Err(unusable(
                wanted.unwrap_or("root"),
                "only on Linux can a server that is root work in the directories of another user safely; \
                 start it as an ordinary user",
            ));
        }
        let account = match wanted {
            Some(name) => lookup(name).ok_or_else(|| {
                unusable(name, "there is no such user; create it, or name another or none (--pg-user)")
            })?,
            None => lookup(NAME).map_or_else(create, Ok)?,
        };
        if account.uid == 0 {
            return Err(unusable(&account.name, "PostgreSQL refuses to run as root; name another user"));
        }
        Ok(Some(account))
    }
}

fn unusable(user: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Account { user: user.to_owned(), reason: reason.into() }
}

/// The directory for fetched programs of a server that is root: its home is closed to the account.
pub(super) fn shared_cache_dir() -> PathBuf {
    PathBuf::from("/var/cache/lakebase")
}

/// Creates the account with the system's own program: the user database may not be a file.
fn create() -> Result<Account, EngineError> {
    const BUSY_ATTEMPTS: u32 = 20;
    const BUSY_PAUSE: Duration = Duration::from_millis(100);
    let mut reason = String::new();
    for _ in 0..BUSY_ATTEMPTS {
        match run_useradd() {
            Ok(()) => tracing::info!(user = NAME, "created the account that PostgreSQL runs as"),
            Err(error) => reason = error,
        }
        // Another server may have created it meanwhile.
        if let Some(account) = lookup(NAME) {
            return Ok(account);
        }
        if !reason.contains("lock") {
            break;
        }
        thread::sleep(BUSY_PAUSE);
    }
    Err(unusable(
        NAME,
        format!(
            "there is no such user and it cannot be created ({}); create it, or name another with --pg-user",
            reason.trim()
        ),
    ))
}

fn run_useradd() -> Result<(), String> {
    let useradd: &[&str] =
        &["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell"];
    // BusyBox has another program of another name.
    let adduser: &[&str] = &["-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", NAME];
    let commands = [
        ("/usr/sbin/useradd", [useradd, &["/usr/sbin/nologin", NAME]].concat()),
        ("/usr/sbin/adduser", adduser.to_vec()),
    ];
    let Some((program, arguments)) = commands.into_iter().find(|(program, _)| Path::new(program).exists())
    else {
        return Err("the system has neither useradd nor adduser".to_owned());
    };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn lookup(name: &str) -> Option<Account> {
    let from_file = fs::read_to_string("/etc/passwd").ok().and_then(|text| parse_passwd(&text, name));
    from_file.or_else(|| ask_id(name))
}

fn parse_passwd(text: &str, name: &str) -> Option<Account> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name: name.to_owned(), uid, gid })
    })
}

/// Whether the user database knows the user of this process.
fn has_name(uid: u32) -> bool {
    let listed = |text: String| text.lines().any(|line| line.split(':').nth(2) == Some(&uid.to_string()));
    let known = || {
        let id = Command::new("id").arg("-un").stderr(Stdio::null()).output();
        // Where there is no such program, PostgreSQL has the last word.
        id.map_or(true, |output| output.status.success())
    };
    fs::read_to_string("/etc/passwd").is_ok_and(listed) || known()
}

/// Accounts that are not in the file (macOS, directory services) are known to `id`.
fn ask_id(name: &str) -> Option<Account> {
    if name.starts_with('-') {
        return None;
    }
    let number = |option: &str| -> Option<u32> {
        let output = Command::new("id").args([option, name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some(Account { name: name.to_owned(), uid: number("-u")?, gid: number("-g")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_passwd_file() {
        let text = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:103:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";
        let account = parse_passwd(text, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 103));
        assert_eq!(parse_passwd(text, "postgre"), None);
    }

    #[test]
    fn the_account_is_not_that_of_the_system_s_own_postgresql() {
        let chosen = Account::choose(None).unwrap();
        if rustix::process::geteuid().is_root() {
            let account = chosen.unwrap();
            assert_eq!(account.name, NAME);
            assert!(account.uid != 0);
            assert!(Account::choose(Some("root")).unwrap_err().to_string().contains("refuses"));
        } else {
            assert_eq!(chosen, None);
        }
    }
}
