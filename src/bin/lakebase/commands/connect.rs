//! `lakebase url` and `lakebase env`.

use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Map, json};

use crate::{
    connection::{Choice, Connection},
    failure::{Failure, Result, Status},
    output,
    session::Session,
    shell,
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
    let line = |(name, value): &(&str, String)| match env.dotenv {
        true => quoted_for_file(name, value).map(|value| format!("{name}={value}")),
        false => Ok(format!("export {name}={}", shell::word(value))),
    };
    let lines = variables.iter().map(line).collect::<Result<Vec<_>>>()?;
    output::print(lines.join("\n"))?;
    Ok(Status::Success)
}

/// A value of a `.env` file. Its readers differ in what a backslash or a dollar sign means, so that only forms are used
/// in which all of them find the value, and a shell too.
fn quoted_for_file(name: &str, value: &str) -> Result<String> {
    if shell::is_plain(value) {
        return Ok(value.to_owned());
    }
    if !value.contains(['\'', '\\', '\n', '\r']) {
        return Ok(format!("'{value}'"));
    }
    if !value.contains(['"', '$', '`', '\\', '\n', '\r']) {
        return Ok(format!("\"{value}\""));
    }
    Err(Failure::new(format!(
        "{name} has a quote, backslash or newline that readers of .env files take differently"
    ))
    .help("use `lakebase exec -- COMMAND`, or `eval \"$(lakebase env)\"`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_file_are_quoted_as_all_its_readers_take_them() {
        let of = |value| quoted_for_file("PGDATABASE", value);
        assert_eq!(of("127.0.0.1").unwrap(), "127.0.0.1");
        assert_eq!(of("a&b $c \"d\"").unwrap(), "'a&b $c \"d\"'");
        assert_eq!(of("it's").unwrap(), "\"it's\"");
        for value in ["it's \"quoted\"", "it's $5", r"a\b c", "two\nlines"] {
            assert!(of(value).unwrap_err().text().contains("PGDATABASE has a quote"), "{value}");
        }
    }
}
