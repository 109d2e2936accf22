//! Gives up root on one thread, for good.

use rustix::io::Errno;

use super::Account;

/// Switches the calling thread, and all threads and processes that it starts, to the account.
///
/// Linux has credentials per thread. Setting all three user ids takes the capabilities away; no program
/// that is executed can bring them back. The process stays closed to the account, with which these threads
/// now share a user id: it cannot be traced and its memory not read.
#[cfg(target_os = "linux")]
pub(super) fn give_up_root(account: &Account) -> Result<(), Errno> {
    use rustix::{
        process::{DumpableBehavior, set_dumpable_behavior},
        thread::{Gid, Uid, set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid},
    };
    let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_no_new_privs(true)
}

/// [`Account::choose`] gives no account elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn give_up_root(_account: &Account) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

#[cfg(all(test, target_os = "linux"))]
mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn nothing_of_root_is_left_on_the_thread_and_all_of_it_on_the_others() {
        let account = Account::choose(None).unwrap().unwrap();
        let (uid, gid) = (account.uid, account.gid);
        let status = std::thread::spawn(move || {
            give_up_root(&account).unwrap();
            // A thread of the thread is no other.
            std::thread::spawn(|| std::fs::read_to_string("/proc/thread-self/status").unwrap())
                .join()
                .unwrap()
        });
        let status = status.join().unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(field("Uid:"), vec![uid.to_string(); 4]);
        assert_eq!(field("Gid:"), vec![gid.to_string(); 4]);
        assert!(field("Groups:").is_empty());
        for set in ["CapEff:", "CapPrm:", "CapAmb:"] {
            assert_eq!(field(set), ["0000000000000000"], "{set}");
        }
        assert_eq!(field("NoNewPrivs:"), ["1"]);
        assert!(rustix::process::geteuid().is_root());
    }
}
