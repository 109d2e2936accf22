//! `databricks-cli`: the login of a person, kept by the Databricks CLI.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, NaiveDateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{
    attributes::Key,
    command,
    context::Context,
    host::HostType,
    token::{Configured, Token, TokenProvider},
};
use crate::{
    error::{Error, ErrorKind, Result},
    http::decode::JsonError,
};

/// Smaller ones are the launcher of the old Python tool, which has no `auth token`.
const MIN_SIZE: u64 = 1024 * 1024;
const PROFILE_SINCE: Version = Version(0, 207, 1);
const FORCE_SINCE: Version = Version(0, 296, 0);

struct DatabricksCli {
    context: Context,
    program: PathBuf,
    version: OnceCell<Option<Version>>,
}

pub(super) fn configure(context: &Context) -> Configured {
    if context.get(Key::Profile).is_none() {
        context.need([Key::Host])?;
    }
    let program = find(context)?;
    Ok(Arc::new(DatabricksCli { context: context.clone(), program, version: OnceCell::new() }))
}

/// The path of the program, or the reason why none is usable.
pub(super) fn find(context: &Context) -> Result<PathBuf, String> {
    let configured = context.get(Key::CliPath).unwrap_or("databricks");
    let candidates = if configured.contains(['/', '\\']) {
        vec![context.env().expand(configured)]
    } else {
        command::candidates(configured, context.env())
    };
    let mut lack = format!(
        "no '{configured}' program found; install the Databricks CLI and run `databricks auth login`"
    );
    for candidate in candidates {
        match std::fs::metadata(&candidate) {
            Ok(file) if file.is_file() && file.len() >= MIN_SIZE => return Ok(candidate),
            Ok(file) if file.is_file() => {
                let path = candidate.display();
                lack = format!("{path} is the legacy Databricks CLI; upgrade to 0.100.0 or newer");
            }
            _ => {}
        }
    }
    Err(lack)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u64, pub(super) u64, pub(super) u64);

impl Version {
    /// Reads what `databricks version` prints: `Databricks CLI v0.207.1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = text.trim().strip_prefix("Databricks CLI v")?;
        let number = number.split(['-', '+']).next()?;
        let mut parts = number.split('.').map(|part| part.parse::<u64>().ok());
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

/// The arguments after the program's name.
pub(super) fn arguments(
    version: Option<Version>,
    profile: Option<&str>,
    host: Option<&str>,
    account: Option<&str>,
) -> Result<Vec<String>> {
    let wrong = |message: &'static str| Error::new(ErrorKind::Config, message);
    let mut arguments = vec!["auth".to_owned(), "token".to_owned()];
    match (profile, host) {
        (Some(profile), _) if version >= Some(PROFILE_SINCE) => {
            arguments.extend(["--profile".to_owned(), profile.to_owned()]);
        }
        (_, Some(host)) => {
            arguments.extend(["--host".to_owned(), host.to_owned()]);
            if let Some(account) = account.filter(|_| profile.is_none()) {
                arguments.extend(["--account-id".to_owned(), account.to_owned()]);
            }
        }
        (Some(_), None) => {
            return Err(wrong(
                "this Databricks CLI does not support --profile; upgrade to 0.207.1 or set a host",
            ));
        }
        (None, None) => return Err(wrong("neither a profile nor a host is configured")),
    }
    if version >= Some(FORCE_SINCE) {
        arguments.push("--force-refresh".to_owned());
    }
    Ok(arguments)
}

#[derive(Deserialize)]
struct Reply {
    access_token: SecretString,
    #[serde(default)]
    token_type: String,
    expiry: String,
}

/// Reads the JSON that the tool prints.
pub(super) fn read_token(stdout: &[u8]) -> Result<Token> {
    let reply: Reply = serde_json::from_slice(stdout).map_err(|error| {
        let message = "the Databricks CLI printed no token as JSON";
        Error::new(ErrorKind::Protocol, message).with_source(JsonError::from(error))
    })?;
    let expiry = read_expiry(&reply.expiry).ok_or_else(|| {
        let message = format!("the Databricks CLI gave '{}' as expiry, which is no time", reply.expiry);
        Error::new(ErrorKind::Protocol, message)
    })?;
    Ok(Token::new(reply.access_token.expose_secret()).with_scheme(&reply.token_type).expires_at(expiry))
}

/// RFC 3339, or date and time with a space between, which is UTC.
pub(super) fn read_expiry(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok().map(|time| time.and_utc())
}

/// The session of the tool has ended. Unlike a tool that was never used, it was meant as the login.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct SessionExpired(String);

/// The error for a tool that gives no token, by what it prints.
pub(super) fn refused(
    complaint: &str,
    profile: Option<&str>,
    host: Option<&str>,
    account: Option<&str>,
) -> Error {
    let text = complaint.to_ascii_lowercase();
    if !["refresh token is invalid", "refresh token has expired", "to reauthenticate"]
        .iter()
        .any(|part| text.contains(part))
    {
        return Error::unauthenticated(format!("cannot get access token: {complaint}"));
    }
    let target = match (profile, host, account) {
        (Some(profile), ..) => format!(" --profile {profile}"),
        (None, Some(host), Some(account)) => format!(" --host {host} --account-id {account}"),
        (None, Some(host), None) => format!(" --host {host}"),
        (None, None, _) => String::new(),
    };
    let message = format!(
        "the session of the Databricks CLI has expired; log in again with `databricks auth login{target}`"
    );
    Error::unauthenticated(message).with_source(SessionExpired(complaint.to_owned()))
}

impl DatabricksCli {
    /// The version, read once. An unknown version is no failure: the oldest arguments work with all versions.
    async fn version(&self) -> Option<Version> {
        let ask = || async {
            let output = command::run(&self.program, &["version"], self.context.env()).await.ok()?;
            Version::parse(&String::from_utf8_lossy(&output.stdout))
        };
        *self.version.get_or_init(ask).await
    }

    /// The account to log in to, where the host is one.
    async fn account(&self) -> Result<Option<&str>> {
        let Some(account) = self.context.get(Key::AccountId) else { return Ok(None) };
        let is_account = self.context.host_metadata().await?.host_type == HostType::Account;
        Ok(is_account.then_some(account))
    }
}

impl TokenProvider for DatabricksCli {
    async fn token(&self) -> Result<Token> {
        let (profile, host) = (self.context.get(Key::Profile), self.context.get(Key::Host));
        let account = if profile.is_none() { self.account().await? } else { None };
        let arguments = arguments(self.version().await, profile, host, account)?;
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let output = command::run(Path::new(&self.program), &arguments, self.context.env()).await?;
        if !output.status.success() {
            return Err(refused(&command::complaint(&output), profile, host, account));
        }
        read_token(&output.stdout)
    }

    fn auth_type(&self) -> &str {
        "databricks-cli"
    }
}
