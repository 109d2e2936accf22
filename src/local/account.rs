//! The system account that PostgreSQL runs as.
//!
//! PostgreSQL refuses to run as root. Where we are root, another account runs it and owns its
//! files; otherwise we run it ourselves and there is nothing to change.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::fault::EngineError;

/// Another account than ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Chooses the account: none where we are not root, else `wanted`, `postgres` or `nobody`.
    pub(super) fn choose(wanted: Option<&str>) -> Result<Option<Self>, EngineError> {
        let us = rustix::process::geteuid();
        if !us.is_root() {
            return match wanted {
                Some(name) if lookup(name).map(|account| account.uid) != Some(us.as_raw()) => {
                    Err(EngineError::Account {
                        user: name.to_owned(),
                        reason: "only root can run it as somebody else; leave the user out".to_owned(),
                    })
                }
                _ => Ok(None),
            };
        }
        if let Some(name) = wanted {
            let refuse =
                |reason: &str| EngineError::Account { user: name.to_owned(), reason: reason.to_owned() };
            let account = lookup(name).ok_or_else(|| refuse("there is no such user"))?;
            return if account.uid == 0 {
                Err(refuse("PostgreSQL refuses to run as root"))
            } else {
                Ok(Some(account))
            };
        }
        ["postgres", "nobody"].into_iter().find_map(lookup).map(Some).ok_or_else(|| EngineError::Account {
            user: "root".to_owned(),
            reason: "PostgreSQL refuses root, and there is no user `postgres` or `nobody`; name one"
                .to_owned(),
        })
    }

    /// Refuses a directory with a component that the account may not enter, naming that component.
    pub(super) fn check_reach(&self, directory: &Path) -> Result<(), EngineError> {
        let directory = fs::canonicalize(directory).map_err(EngineError::io("resolve", directory))?;
        let mut components: Vec<&Path> = directory.ancestors().collect();
        components.reverse();
        for component in components {
            let meta = fs::metadata(component).map_err(EngineError::io("read", component))?;
            let bit = if meta.uid() == self.uid {
                0o100
            } else if meta.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if meta.mode() & bit == 0 {
                return Err(EngineError::Unreachable { path: component.to_owned(), user: self.name.clone() });
            }
        }
        Ok(())
    }

    /// Gives the account a file or directory.
    pub(super) fn own(&self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
    }
}

/// Creates a directory that only PostgreSQL's account can enter.
pub(super) fn create_private_dir(path: &Path, account: Option<&Account>) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(path)?;
    account.map_or(Ok(()), |account| account.own(path))
}

/// Whether nothing but the home of the current user would do: as root, PostgreSQL cannot get there.
pub(super) fn shared_cache_dir() -> PathBuf {
    PathBuf::from("/var/cache/lakebase")
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

/// Accounts that are not in the file (macOS, directories of a company) are known to `id`.
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
    fn the_component_that_stops_the_account_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let stranger = Account { name: "stranger".into(), uid: 4_000_000_000, gid: 4_000_000_000 };
        stranger.check_reach(&inner).unwrap();
        fs::set_permissions(outer.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let error = stranger.check_reach(&inner).unwrap_err();
        assert!(
            matches!(&error, EngineError::Unreachable { path, .. } if *path == fs::canonicalize(outer.path()).unwrap())
        );
        assert!(error.to_string().contains("chmod o+x"), "{error}");
    }
}
