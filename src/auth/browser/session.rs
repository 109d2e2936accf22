//! The tokens of a login in a browser, and the file that keeps them for the next start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::auth::{attributes::Key, context::Context, oauth::TokenReply, token::Token};

/// A token from the file is used as it is if it lasts this long.
const MARGIN: Duration = Duration::from_secs(120);

/// The tokens of a login.
#[derive(Clone)]
pub(super) struct Session {
    access_token: SecretString,
    scheme: String,
    pub(super) refresh_token: Option<SecretString>,
    expiry: Option<DateTime<Utc>>,
    /// Where the server has just said it; a time of day is right only where the clock is.
    life: Option<Duration>,
}

impl Session {
    pub(super) fn new(reply: TokenReply) -> Self {
        let life = reply.expires_in.map(Duration::from_secs);
        Self {
            access_token: reply.access_token,
            scheme: reply.token_type,
            refresh_token: reply.refresh_token,
            expiry: life
                .and_then(|life| Utc::now().checked_add_signed(chrono::TimeDelta::from_std(life).ok()?)),
            life,
        }
    }

    pub(super) fn token(&self) -> Token {
        let token = Token::new(self.access_token.expose_secret()).with_scheme(&self.scheme);
        match (self.life, self.expiry) {
            (Some(life), _) => token.expires_in(life),
            (None, Some(time)) => token.expires_at(time),
            (None, None) => token,
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.expiry.is_none_or(|expiry| expiry > Utc::now() + MARGIN)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.access_token.expose_secret() == other.access_token.expose_secret()
    }
}

/// The file of one login, in a format and a place like those of the official Python SDK, but not shared with it.
pub(super) struct SessionFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Content {
    token: Kept,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    access_token: String,
    #[serde(default)]
    token_type: String,
    refresh_token: Option<String>,
    expiry: Option<DateTime<Utc>>,
}

impl SessionFile {
    /// The file for this host, client, group, profile and scopes. `None` without a home directory.
    pub(super) fn of(context: &Context, client_id: &str, scopes: &str) -> Option<Self> {
        let config = match context.env().get("XDG_CONFIG_HOME") {
            Some(path) => PathBuf::from(path),
            None => context.env().home()?.join(".config"),
        };
        let key = json!({
            "host": context.get(Key::Host),
            "client_id": client_id,
            "group_id": context.get(Key::GroupId),
            "profile": context.get(Key::Profile),
            "scopes": scopes,
        });
        let hash = digest(&SHA256, key.to_string().as_bytes());
        let name: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self { path: config.join("lakebase").join("oauth").join(format!("{name}.json")) })
    }

    /// The tokens in the file. A file that is missing or cannot be read counts as none.
    pub(super) fn load(&self) -> Option<Session> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %self.path.display(), %error, "the login that was kept cannot be read");
                }
                return None;
            }
        };
        // The parser's own message may quote a token.
        let Ok(Content { token }) = serde_json::from_slice(&text) else {
            tracing::warn!(path = %self.path.display(), "the file of the login that was kept is damaged");
            return None;
        };
        Some(Session {
            access_token: token.access_token.into(),
            scheme: token.token_type,
            refresh_token: token.refresh_token.map(SecretString::from),
            expiry: token.expiry,
            life: None,
        })
    }

    /// Writes the tokens. A failure costs a login at the next start and nothing now.
    pub(super) fn save(&self, session: &Session) {
        if let Err(error) = self.try_save(session) {
            tracing::warn!(path = %self.path.display(), %error, "the login cannot be kept for the next start");
        }
    }

    fn try_save(&self, session: &Session) -> io::Result<()> {
        let kept = Kept {
            access_token: session.access_token.expose_secret().to_owned(),
            token_type: session.scheme.clone(),
            refresh_token: session.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            expiry: session.expiry,
        };
        let text = serde_json::to_vec(&Content { token: kept })?;
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        // Renamed over the old file, so that a reader sees one of the two; each process writes one of its own.
        let staging = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let written = write_private(&staging, &text).and_then(|()| fs::rename(&staging, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&staging);
        }
        written
    }
}

/// Creates a file that only the user can read.
fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    // One that a killed process left may have other permissions.
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}
