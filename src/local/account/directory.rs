//! Checks of a data directory: its owner, the accounts that can change it, and those that can reach it.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, lchown},
    path::Path,
};

use super::Account;
use crate::local::{engine_error::EngineError, shell_word::ShellWord};

const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;
/// Passed by the account, listed by its owner alone.
const TOP_MODE: u32 = 0o711;

/// Refuses a directory that another user owns or can write to.
pub(in crate::local) fn check_owned(dir: &Path) -> Result<(), EngineError> {
    let meta = fs::symlink_metadata(dir).map_err(EngineError::io("read", dir))?;
    let user = rustix::process::geteuid().as_raw();
    if meta.uid() != user {
        let remedy =
            format!("start the server as that user, or choose a directory of this user (uid {user})");
        return Err(insecure(dir, format!("it belongs to uid {}", meta.uid()), remedy));
    }
    let mode = meta.mode() & 0o7777;
    // Without content, nothing can have been planted; the umask of many systems lets the user's own group write.
    let group_alone = mode & WRITABLE_BY_OTHERS == 0o020;
    if mode & WRITABLE_BY_OTHERS != 0 && !(group_alone && is_empty(dir)?) {
        return Err(insecure(
            dir,
            format!("its mode {mode:04o} lets other users write to it"),
            format!(
                "look that nothing foreign is in it and run `chmod go-w {}`, or choose another directory",
                ShellWord(dir)
            ),
        ));
    }
    Ok(())
}

/// Closes a directory that others may list.
pub(in crate::local) fn close_to_others(dir: &Path) -> Result<(), EngineError> {
    let mode = fs::symlink_metadata(dir).map_err(EngineError::io("read", dir))?.mode() & 0o7777;
    if mode & !TOP_MODE == 0 {
        return Ok(());
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(mode & TOP_MODE))
        .map_err(EngineError::io("close to other users", dir))
}

/// Refuses a path, links resolved, with a directory in which another user could replace the next component.
pub(in crate::local) fn check_ancestors(dir: &Path) -> Result<(), EngineError> {
    let user = rustix::process::geteuid();
    for ancestor in dir.ancestors().skip(1) {
        let meta = fs::symlink_metadata(ancestor).map_err(EngineError::io("read", ancestor))?;
        let path = ancestor.display();
        // Others may well own directories above those of an ordinary user, in containers for example.
        if user.is_root() && meta.uid() != 0 {
            return Err(insecure(
                dir,
                format!("{path} belongs to uid {}, who can replace what root opens below it", meta.uid()),
                "choose a directory below directories of root, such as one in /var/lib".to_owned(),
            ));
        }
        let mode = meta.mode() & 0o7777;
        let group_writes = user.is_root() && meta.gid() != 0 && mode & 0o020 != 0;
        if mode & STICKY == 0 && (mode & 0o002 != 0 || group_writes) {
            return Err(insecure(
                dir,
                format!("the mode {mode:04o} of {path} lets other users replace what is in it"),
                format!("run `chmod +t {}`, or choose another directory", ShellWord(ancestor)),
            ));
        }
    }
    Ok(())
}

/// Refuses a directory with a component that the account may not enter, naming that component.
pub(in crate::local) fn check_reach(dir: &Path, account: &Account) -> Result<(), EngineError> {
    let dir = fs::canonicalize(dir).map_err(EngineError::io("resolve", dir))?;
    let mut components: Vec<&Path> = dir.ancestors().collect();
    components.reverse();
    for component in components {
        let meta = fs::metadata(component).map_err(EngineError::io("read", component))?;
        let bit = if meta.uid() == account.uid {
            0o100
        } else if meta.gid() == account.gid {
            0o010
        } else {
            0o001
        };
        if meta.mode() & bit == 0 {
            return Err(EngineError::Unreachable { path: component.to_owned(), user: account.name.clone() });
        }
    }
    Ok(())
}

/// Creates directories in `parent` for the owner of branches alone, or finds that they are its own.
///
/// `parent` is the caller's: the account cannot put something else in the place of one of them.
pub(in crate::local) fn hand_over(
    parent: &Path,
    names: &[&str],
    account: Option<&Account>,
) -> Result<(), EngineError> {
    let user = rustix::process::geteuid().as_raw();
    let owner = account.map_or(user, |account| account.uid);
    for name in names {
        let dir = parent.join(name);
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(EngineError::io("create", &dir)(error));
            }
            _ => {}
        }
        let meta = fs::symlink_metadata(&dir).map_err(EngineError::io("read", &dir))?;
        if !meta.is_dir() {
            let remedy = format!("remove {}, or choose another directory", dir.display());
            return Err(insecure(parent, format!("its {name} is not a directory"), remedy));
        }
        if meta.uid() == owner {
            continue;
        }
        // Just created, or in a start that was killed.
        if let Some(account) = account
            && meta.uid() == user
            && is_empty(&dir)?
        {
            lchown(&dir, Some(account.uid), Some(account.gid)).map_err(EngineError::io("hand over", &dir))?;
            continue;
        }
        return Err(belongs_to_another(parent, name, names, meta.uid(), account));
    }
    Ok(())
}

/// Made with another account, or copied by root.
fn belongs_to_another(
    parent: &Path,
    name: &str,
    names: &[&str],
    uid: u32,
    account: Option<&Account>,
) -> EngineError {
    let reason = format!("{} belongs to uid {uid}", parent.join(name).display());
    let remedy = match account {
        Some(account) => {
            let dirs: Vec<_> = names.iter().map(|name| ShellWord(&parent.join(name)).to_string()).collect();
            format!(
                "nothing was changed; name the user they belong to with --pg-user, or, to go on with its branches as user \
                 {user}, run `chown -R {user}: {dirs}`",
                user = account.name,
                dirs = dirs.join(" ")
            )
        }
        None => "start the server as that user, or choose another directory".to_owned(),
    };
    insecure(parent, reason, remedy)
}

fn is_empty(dir: &Path) -> Result<bool, EngineError> {
    let mut entries = fs::read_dir(dir).map_err(EngineError::io("list", dir))?;
    Ok(entries.next().is_none())
}

fn insecure(dir: &Path, reason: String, remedy: String) -> EngineError {
    EngineError::InsecureDirectory { path: dir.to_owned(), reason, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(dir: &Path, mode: u32) {
        fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_component_that_stops_the_account_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        mode(outer.path(), 0o755);
        let outsider = Account { name: "outsider".into(), uid: 4_000_000_000, gid: 4_000_000_000 };
        check_reach(&inner, &outsider).unwrap();
        mode(outer.path(), 0o700);
        let error = check_reach(&inner, &outsider).unwrap_err();
        assert!(
            matches!(&error, EngineError::Unreachable { path, .. } if *path == fs::canonicalize(outer.path()).unwrap())
        );
        assert!(error.to_string().contains("chmod o+x"), "{error}");
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused_with_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        mode(dir.path(), 0o777);
        let error = check_owned(dir.path()).unwrap_err().to_string();
        assert!(error.contains("0777") && error.contains("chmod go-w"), "{error}");
        mode(dir.path(), 0o755);
        check_owned(dir.path()).unwrap();
        close_to_others(dir.path()).unwrap();
        assert_eq!(dir.path().metadata().unwrap().mode() & 0o7777, 0o711, "closed to those who only looked");
        fs::write(dir.path().join("file"), "").unwrap();
        mode(dir.path(), 0o770);
        assert!(check_owned(dir.path()).is_err(), "others may have planted the file");
    }

    #[test]
    fn a_directory_whose_parent_others_can_change_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("data");
        fs::create_dir(&inner).unwrap();
        let inner = fs::canonicalize(inner).unwrap();
        mode(outer.path(), 0o777);
        let error = check_ancestors(&inner).unwrap_err().to_string();
        assert!(error.contains("chmod +t"), "{error}");
        mode(outer.path(), 0o1777);
        check_ancestors(&inner).unwrap();
    }
}

#[cfg(test)]
mod needs_root {
    use std::os::unix::fs::{MetadataExt as _, lchown};

    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn a_directory_of_another_user_is_refused_with_its_owner() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("data");
        fs::create_dir(&inner).unwrap();
        lchown(&inner, Some(12345), Some(12345)).unwrap();
        assert!(check_owned(&inner).unwrap_err().to_string().contains("uid 12345"));
        lchown(outer.path(), Some(12345), Some(12345)).unwrap();
        assert!(check_ancestors(&inner).unwrap_err().to_string().contains("uid 12345"));
    }

    #[test]
    #[ignore = "needs root"]
    fn branches_of_another_account_are_refused_with_the_command_that_hands_them_over() {
        let dir = tempfile::tempdir().unwrap();
        let account = Account { name: "lakebase".into(), uid: 12345, gid: 12345 };
        fs::create_dir_all(dir.path().join("branches/project")).unwrap();
        let error = hand_over(dir.path(), &["branches", "run"], Some(&account)).unwrap_err().to_string();
        assert!(error.contains("belongs to uid 0") && error.contains("chown -R lakebase: "), "{error}");
        assert_eq!(dir.path().join("branches").metadata().unwrap().uid(), 0, "left as it was");
        fs::remove_dir(dir.path().join("branches/project")).unwrap();
        hand_over(dir.path(), &["branches", "run"], Some(&account)).unwrap();
        assert_eq!(dir.path().join("branches").metadata().unwrap().uid(), 12345);
        hand_over(dir.path(), &["branches", "run"], Some(&account)).unwrap();
    }
}
