//! `lakebase url` and `lakebase env`.

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Map, json};

use crate::{
    connection::{Choice, Connection},
    failure::{Result, Status},
    output,
    session::Session,
};

#[derive(Debug, Args)]
pub(crate) struct Url {
    /// The branch
    branch: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// Leave the password out
    #[arg(long, conflicts_with = "mask")]
    no_password: bool,
    /// Have the log of GitHub Actions or Azure Pipelines hide the password
    #[arg(long)]
    mask: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Env {
    /// The branch
    branch: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// In the form of a .env file, without `export`
    #[arg(long)]
    dotenv: bool,
    /// Have the log of GitHub Actions or Azure Pipelines hide the password
    #[arg(long)]
    mask: bool,
}

pub(crate) async fn url(session: &Session, url: &Url) -> Result<Status> {
    let branch = session.branch_or_default(url.branch.as_deref()).await?;
    let connection = Connection::open(branch, &url.choice).await?;
    if url.mask {
        connection.mask()?;
    }
    let info = &connection.info;
    let text = if url.no_password { info.url() } else { connection.url.expose_secret().to_owned() };
    if session.json {
        output::print_json(&json!({
            "branch": connection.branch.name, "url": text, "host": info.host, "port": info.port,
            "database": info.database, "user": info.user, "sslmode": info.tls.as_str(), "sslrootcert": info.ca_cert,
            "expires": (!url.no_password).then_some(connection.expires),
        }))?;
    } else {
        output::print(text)?;
    }
    Ok(Status::Success)
}

pub(crate) async fn env(session: &Session, env: &Env) -> Result<Status> {
    let branch = session.branch_or_default(env.branch.as_deref()).await?;
    let connection = Connection::open(branch, &env.choice).await?;
    if env.mask {
        connection.mask()?;
    }
    let variables = connection.variables();
    if session.json {
        let object: Map<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        output::print_json(&object)?;
        return Ok(Status::Success);
    }
    let export = if env.dotenv { "" } else { "export " };
    let lines: Vec<_> =
        variables.iter().map(|(name, value)| format!("{export}{name}={}", quoted(value))).collect();
    output::print(lines.join("\n"))?;
    Ok(Status::Success)
}

/// One word of a shell; readers of `.env` files take single quotes literally too.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_words_of_a_shell() {
        assert_eq!(quoted("127.0.0.1"), "127.0.0.1");
        assert_eq!(quoted("postgresql://a@b/c?d&e"), "'postgresql://a@b/c?d&e'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
