//! The settings of one client, gathered from code, environment and file.

use std::{borrow::Cow, collections::BTreeMap, fmt, path::PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Env,
    attributes::{ATTRIBUTES, Attribute, Key, Kind},
    host::Host,
    profile::ProfileFile,
};
use crate::error::{Error, ErrorKind, Result};

/// Settings that are set, and where each came from.
#[derive(Clone, Default)]
pub(crate) struct Config {
    values: BTreeMap<Key, Setting>,
}

#[derive(Clone)]
struct Setting {
    /// All settings, as most are used together with a secret.
    text: SecretString,
    /// The variable it came from.
    variable: Option<&'static str>,
}

impl Config {
    /// A setting given in code; an empty one counts as unset.
    pub(crate) fn set(&mut self, key: Key, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.values.insert(key, Setting { text: text.into(), variable: None });
        }
    }

    pub(crate) fn get(&self, key: Key) -> Option<&str> {
        self.values.get(&key).map(|setting| setting.text.expose_secret())
    }

    pub(crate) fn has(&self, key: Key) -> bool {
        self.values.contains_key(&key)
    }

    /// Fills unset settings from the environment and the file, then validates all of them.
    pub(crate) fn resolve(mut self, env: &Env) -> Result<(Self, Option<Host>)> {
        let resolved = self.read_environment(env).and_then(|()| self.read_file(env));
        resolved.map_err(|error| self.explain("resolve: ", error))?;
        self.check_conflicts().map_err(|error| self.explain("validate: ", error))?;
        let host = self.normalise_host().map_err(|error| self.explain("resolve: ", error))?;
        Ok((self, host))
    }

    fn read_environment(&mut self, env: &Env) -> Result<()> {
        for attribute in ATTRIBUTES.iter() {
            if self.has(attribute.key) {
                continue;
            }
            let found = attribute.variables.iter().find_map(|name| Some((*name, env.get(name)?)));
            if let Some((variable, text)) = found {
                self.fill(attribute, text, Some(variable))?;
            }
        }
        Ok(())
    }

    /// The file is read when a profile was asked for, or when nothing that authenticates is known without it.
    fn read_file(&mut self, env: &Env) -> Result<()> {
        let known = |attribute: &Attribute| {
            let says_who = !attribute.group.is_empty() || attribute.key == Key::Host;
            says_who && self.has(attribute.key)
        };
        if !self.has(Key::Profile) && ATTRIBUTES.iter().any(known) {
            return Ok(());
        }
        let (path, explicit) = match self.get(Key::ConfigFile) {
            Some(path) => (env.expand(path), true),
            None => (env.home().unwrap_or_else(|| PathBuf::from(".")).join(".databrickscfg"), false),
        };
        let file = ProfileFile::read(&path, explicit)?;
        let Some((name, section)) = file.select(self.get(Key::Profile))? else { return Ok(()) };
        if !self.has(Key::Profile) {
            self.set(Key::Profile, name);
        }
        for attribute in ATTRIBUTES.iter().filter(|attribute| attribute.key != Key::Profile) {
            let found = attribute.names.iter().find_map(|name| section.get(*name));
            if let Some(text) = found.filter(|text| !text.is_empty())
                && !self.has(attribute.key)
            {
                self.fill(attribute, text.clone(), None)?;
            }
        }
        Ok(())
    }

    /// Stores a text after checking its kind. A false switch and a zero are as good as unset.
    fn fill(&mut self, attribute: &Attribute, text: String, variable: Option<&'static str>) -> Result<()> {
        let name = variable.unwrap_or(attribute.names[0]);
        let wrong = |rule: &str| {
            Error::new(ErrorKind::Config, format!("{name} is '{}', which is no {rule}", text.trim()))
        };
        match attribute.kind {
            Kind::Text | Kind::Secret => {}
            Kind::Bool => match text.trim() {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => {}
                "0" | "f" | "F" | "FALSE" | "false" | "False" => return Ok(()),
                _ => return Err(wrong("true or false")),
            },
            Kind::Integer => match text.trim().parse::<i64>() {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(wrong("decimal number").with_source(error)),
            },
        }
        self.values.insert(attribute.key, Setting { text: text.into(), variable });
        Ok(())
    }

    fn check_conflicts(&self) -> Result<()> {
        if self.has(Key::AuthType) {
            return Ok(());
        }
        let mut groups: Vec<_> = ATTRIBUTES
            .iter()
            .filter(|attribute| !attribute.group.is_empty() && self.has(attribute.key))
            .map(|attribute| attribute.group)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        if groups.len() < 2 {
            return Ok(());
        }
        let message = format!(
            "more than one authorization method configured: {}; unset all but one, or set auth_type to the one meant",
            groups.join(" and ")
        );
        Err(Error::new(ErrorKind::Config, message))
    }

    fn normalise_host(&mut self) -> Result<Option<Host>> {
        let Some(text) = self.get(Key::Host) else { return Ok(None) };
        let host = Host::parse(text)?;
        if let Some(setting) = self.values.get_mut(&Key::Host) {
            setting.text = host.url.as_str().trim_end_matches('/').into();
        }
        for (key, found) in [(Key::WorkspaceId, &host.workspace_id), (Key::AccountId, &host.account_id)] {
            if let Some(id) = found
                && !self.has(key)
            {
                self.set(key, id);
            }
        }
        Ok(Some(host))
    }

    /// A number of seconds, which only files can set.
    pub(crate) fn seconds(&self, key: Key) -> Option<u64> {
        self.get(key).and_then(|text| text.trim().parse().ok())
    }

    /// The scopes to ask for, sorted and joined as the wire wants them.
    pub(crate) fn scopes(&self) -> String {
        let text = self.get(Key::Scopes).unwrap_or_default();
        let mut scopes: Vec<_> =
            text.split(|c: char| c == ',' || c.is_whitespace()).filter(|scope| !scope.is_empty()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() { "all-apis".to_owned() } else { scopes.join(" ") }
    }

    /// Prefixes an error with the failed step and appends the settings.
    pub(crate) fn explain(&self, context: &str, error: Error) -> Error {
        error.prepend_message(context).append_message(self.to_string())
    }
}

/// An address without the user name and password in front of its host; any other text as it is.
fn without_user_info(key: Key, text: &str) -> Cow<'_, str> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    match rest.rsplit_once('@') {
        Some((_, host)) if !scheme.is_empty() => format!("{scheme}://***@{host}").into(),
        Some((_, host)) if key == Key::Host => format!("***@{host}").into(),
        _ => text.into(),
    }
}

/// The settings for an error message: `. Config: host=https://x, token=***. Env: DATABRICKS_TOKEN`.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = || self.values.iter().filter(|(key, _)| !key.attribute().internal);
        let settings: Vec<_> = shown()
            .map(|(key, setting)| match key.attribute().kind {
                Kind::Secret => format!("{}=***", key.name()),
                _ => format!("{}={}", key.name(), without_user_info(*key, setting.text.expose_secret())),
            })
            .collect();
        let variables: Vec<_> = shown().filter_map(|(_, setting)| setting.variable).collect();
        if !settings.is_empty() {
            write!(f, ". Config: {}", settings.join(", "))?;
        }
        if !variables.is_empty() {
            write!(f, ". Env: {}", variables.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Config{self}")
    }
}
