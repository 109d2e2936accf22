//! Connection parameters as environment variables, and masks for the logs of CI.

use std::{env, process::Command};

use lakebase::{ConnectionInfo, model::BranchInfo};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    failure::{Failure, Result},
    output, progress,
};

/// Variables of libpq that lead elsewhere than `PGHOST`, or change the session or the login.
const FOREIGN: [&str; 7] =
    ["PGSERVICE", "PGSERVICEFILE", "PGHOSTADDR", "PGOPTIONS", "PGSSLCERT", "PGSSLKEY", "PGREQUIREAUTH"];

/// Where a driver logs in, with a fresh password.
pub(crate) struct Connection {
    pub(crate) info: ConnectionInfo,
    pub(crate) branch: BranchInfo,
    pub(crate) url: SecretString,
    pub(crate) password: SecretString,
    pub(crate) expires: chrono::DateTime<chrono::Utc>,
}

/// Which database, which host.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Choice {
    /// The database [default: databricks_postgres]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) database: Option<String>,
    /// Through the connection pooler
    #[arg(long)]
    pub(crate) pooled: bool,
    /// A host that only answers reads
    #[arg(long)]
    pub(crate) read_only: bool,
}

impl Connection {
    pub(crate) async fn open(branch: BranchInfo, choice: &Choice) -> Result<Self> {
        let mut request = branch.connection_info();
        if let Some(name) = &choice.database {
            request = request.database(name);
        }
        if choice.pooled {
            request = request.pooled();
        }
        if choice.read_only {
            request = request.read_only();
        }
        let info = progress::reading("waiting for the endpoint", request).await?;
        let credential = progress::reading("generating a credential", info.password()).await?;
        let url = info.url_with_password().await?;
        let (password, expires) = (credential.token.clone(), credential.expire_time);
        Ok(Self { info, branch, url, password, expires })
    }

    /// The variables that drivers read, and the name of the branch.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let info = &self.info;
        let mut all = vec![
            ("DATABASE_URL", self.url.expose_secret().to_owned()),
            ("PGHOST", info.host.clone()),
            ("PGPORT", info.port.to_string()),
            ("PGDATABASE", info.database.clone()),
            ("PGUSER", info.user.clone()),
            ("PGPASSWORD", self.password.expose_secret().to_owned()),
            ("PGSSLMODE", info.tls.as_str().to_owned()),
        ];
        all.extend(info.ca_cert.as_ref().map(|file| ("PGSSLROOTCERT", file.display().to_string())));
        all.push(("LAKEBASE_PROJECT", self.branch.name.project().id().to_string()));
        all.push(("LAKEBASE_BRANCH", self.branch.name.to_string()));
        all
    }

    /// Has a program log in here, whatever its environment said before.
    pub(crate) fn give_to(&self, command: &mut Command) {
        for name in FOREIGN {
            command.env_remove(name);
        }
        // The authorities of the system are fine for every host.
        if env::var_os("PGSSLROOTCERT").is_some_and(|file| file != "system") {
            command.env_remove("PGSSLROOTCERT");
        }
        command.envs(self.variables());
    }

    /// Has the log of this CI job hide the password. The lines go to standard error, which the runners read too, so
    /// that standard output can be captured.
    pub(crate) fn mask(&self) -> Result<()> {
        let secrets = [self.password.expose_secret(), self.url.expose_secret()];
        for line in masks(&secrets, |name| env::var_os(name).is_some_and(|value| !value.is_empty()))? {
            output::error(line);
        }
        Ok(())
    }
}

fn masks(secrets: &[&str], is_set: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    if is_set("GITHUB_ACTIONS") {
        return Ok(secrets.iter().map(|secret| format!("::add-mask::{secret}")).collect());
    }
    if is_set("TF_BUILD") {
        return Ok(secrets.iter().map(|secret| format!("##vso[task.setsecret]{secret}")).collect());
    }
    // Anywhere else the line would show what it is meant to hide.
    Err(Failure::new(
        "--mask hides the password in the log of GitHub Actions or Azure Pipelines, and this is neither",
    )
    .help("leave --mask away, and keep the output out of the log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_printed_only_where_the_log_hides_it() {
        assert_eq!(masks(&["s"], |name| name == "GITHUB_ACTIONS").unwrap(), ["::add-mask::s"]);
        assert_eq!(masks(&["s"], |name| name == "TF_BUILD").unwrap(), ["##vso[task.setsecret]s"]);
        assert!(!masks(&["s3cret"], |_| false).unwrap_err().text().contains("s3cret"));
    }
}
