//! The rules for logins at a compute's socket: `pg_hba.conf` and `pg_ident.conf`.

use std::{fs, process::Command};

use super::PgVersion;
use crate::sql::quote_ident;

/// The superuser of every cluster, for ourselves alone.
pub(in crate::local) const SUPERUSER: &str = "cloud_admin";

/// The role as which standbys stream. It owns nothing and can log in for replication only: no rule lets it in otherwise.
pub(in crate::local) const REPLICATION_ROLE: &str = "databricks_replication";

const MAP: &str = "lakebase";

/// The rules of login, first match first.
///
/// The superuser needs its secret, whatever account it comes from. All others come through the gateway, which has
/// checked the login; the kernel tells PostgreSQL that the peer is the server's account. Until version 15 a map cannot
/// say "any role", and an account without a name has no map at all: there only the closed directory of the socket
/// protects.
pub(super) fn hba(version: PgVersion) -> String {
    let others = if version.major >= 16 && server_account().is_some() {
        format!("peer map={MAP}")
    } else {
        "trust".to_owned()
    };
    format!(
        "# Written anew at every start.\n\
         local all         {SUPERUSER} scram-sha-256\n\
         local replication {SUPERUSER} scram-sha-256\n\
         local replication {REPLICATION_ROLE} scram-sha-256\n\
         local replication all         reject\n\
         local all         {REPLICATION_ROLE} reject\n\
         local all         all         {others}\n"
    )
}

/// The accounts of `peer`: the server's own, as every role.
pub(super) fn ident() -> String {
    let head = "# Written anew at every start.\n";
    match server_account() {
        Some(name) => format!("{head}{MAP} {} all\n", quote_ident(&name)),
        None => head.to_owned(),
    }
}

/// The name of the account that this process has, as PostgreSQL will look it up.
fn server_account() -> Option<String> {
    let uid = rustix::process::geteuid().as_raw();
    let from_file = fs::read_to_string("/etc/passwd").ok().and_then(|text| name_in(&text, uid));
    // Accounts that are not in the file (macOS, directories of a company) are known to `id`.
    from_file.or_else(|| {
        let output = Command::new("id").arg("-un").output().ok().filter(|output| output.status.success())?;
        let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (!name.is_empty() && !name.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
    })
}

fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        // A leading slash would make it a pattern.
        (fields.nth(1)?.parse() == Ok(uid) && !name.is_empty() && !name.starts_with('/'))
            .then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_superuser_always_needs_its_secret_and_is_asked_first() {
        for major in [15, 16, 18] {
            let hba = hba(PgVersion { major, minor: 0 });
            let rules: Vec<Vec<&str>> = hba
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| line.split_whitespace().skip(1).take(3).collect())
                .collect();
            assert_eq!(rules[0], ["all", SUPERUSER, "scram-sha-256"]);
            assert_eq!(rules[2], ["replication", REPLICATION_ROLE, "scram-sha-256"]);
            assert_eq!(rules[3], ["replication", "all", "reject"]);
            assert_eq!(rules[4], ["all", REPLICATION_ROLE, "reject"]);
            assert_eq!(rules.len(), 6);
        }
    }

    #[test]
    fn an_account_is_found_by_its_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_in(passwd, 1000).as_deref(), Some("ada"));
        assert_eq!(name_in(passwd, 1), None);
        assert_eq!(name_in("/x:x:7:7::/:/bin/sh\n", 7), None);
    }
}
