//! `.databrickscfg`: the file of profiles that all Databricks tools share.
//!
//! Its syntax is INI with rules of its own (inline comments need a space before them, `[DEFAULT]` is not
//! inherited, nothing is interpolated or escaped) which no INI library follows exactly.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use crate::error::{Error, ErrorKind};

/// The section that holds settings of the tools themselves.
const SETTINGS: &str = "__settings__";
const DEFAULT: &str = "DEFAULT";

type Section = BTreeMap<String, String>;

/// A parsed file.
#[derive(Default)]
pub(super) struct ProfileFile {
    path: PathBuf,
    sections: BTreeMap<String, Section>,
}

/// A malformed file, or a profile that it lacks.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    #[error("the config file {0} does not exist; create it with `databricks configure` or correct the path")]
    Missing(PathBuf),
    #[error("the config file {path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the config file {path} is broken at line {line}: {rule}")]
    Broken { path: PathBuf, line: usize, rule: &'static str },
    #[error("{path} has no {name} profile configured; it has {known}")]
    Unknown { path: PathBuf, name: String, known: String },
    #[error("'{SETTINGS}' is a reserved section name and cannot be used as a profile")]
    Reserved,
}

impl ProfileFile {
    /// Reads a file. A missing file counts as empty, unless it was named explicitly.
    pub(super) fn read(path: &Path, explicit: bool) -> Result<Self, ProfileError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && explicit => {
                Err(ProfileError::Missing(path.to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::parse(path, ""),
            Err(source) => Err(ProfileError::Unreadable { path: path.to_owned(), source }),
        }
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ProfileError> {
        let mut file = Self { path: path.to_owned(), sections: BTreeMap::new() };
        let mut current: Option<String> = None;
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let broken = |rule| ProfileError::Broken { path: path.to_owned(), line: index + 1, rule };
            let line = line.trim();
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let (name, after) =
                    rest.split_once(']').ok_or_else(|| broken("a section header ends with ']'"))?;
                let after = after.trim_start();
                if !(after.is_empty() || after.starts_with([';', '#'])) {
                    return Err(broken("only a comment may follow a section header"));
                }
                let name = name.trim().to_owned();
                file.sections.entry(name.clone()).or_default();
                current = Some(name);
                continue;
            }
            let (key, value) = line
                .split_once(['=', ':'])
                .ok_or_else(|| broken("a line is 'key = value', 'key: value', '[profile]' or a comment"))?;
            let section =
                current.as_ref().ok_or_else(|| broken("a key needs a '[profile]' line above it"))?;
            let section = file.sections.entry(section.clone()).or_default();
            let (key, value) = (key.trim(), clean(value.trim()).to_owned());
            let lower = key.to_ascii_lowercase();
            // The Python tools lower the case of keys, the Go tools read lower-case ones only.
            if key == lower {
                section.insert(lower, value);
            } else {
                section.entry(lower).or_insert(value);
            }
        }
        Ok(file)
    }

    /// The profile to use: the requested one, else the file's default, else `DEFAULT` if it exists. Returns its
    /// name and keys, or `None` if there is nothing to load.
    pub(super) fn select(&self, asked: Option<&str>) -> Result<Option<(&str, &Section)>, ProfileError> {
        let settings = self.sections.get(SETTINGS).and_then(|section| section.get("default_profile"));
        let chosen = asked.or(settings.map(String::as_str)).map(str::trim).filter(|name| !name.is_empty());
        if chosen == Some(SETTINGS) {
            return Err(ProfileError::Reserved);
        }
        let name = chosen.unwrap_or(DEFAULT);
        let found = self.sections.get_key_value(name).filter(|(_, section)| !section.is_empty());
        match found {
            Some((name, section)) => Ok(Some((name.as_str(), section))),
            None if chosen.is_none() => Ok(None),
            None => Err(ProfileError::Unknown {
                path: self.path.clone(),
                name: name.to_owned(),
                known: self.known(),
            }),
        }
    }

    fn known(&self) -> String {
        let names: Vec<_> = self
            .sections
            .iter()
            .filter(|(name, section)| *name != SETTINGS && !section.is_empty())
            .map(|(name, _)| name.as_str())
            .collect();
        if names.is_empty() { "no profiles at all".to_owned() } else { names.join(", ") }
    }
}

impl From<ProfileError> for Error {
    fn from(error: ProfileError) -> Self {
        let outer = Self::new(ErrorKind::Config, error.to_string());
        match error {
            ProfileError::Unreadable { source, .. } => outer.with_source(source),
            _ => outer,
        }
    }
}

/// Removes one pair of quotes, or a comment that has white space before it.
fn clean(value: &str) -> &str {
    for quote in ['"', '\''] {
        let Some(rest) = value.strip_prefix(quote) else { continue };
        let closing = rest.match_indices(quote).find(|(at, _)| {
            let after = rest[at + 1..].trim_start();
            after.is_empty() || after.starts_with([';', '#'])
        });
        if let Some((at, _)) = closing {
            return &rest[..at];
        }
    }
    let mut space = true;
    for (at, c) in value.char_indices() {
        if space && (c == '#' || c == ';') {
            return value[..at].trim_end();
        }
        space = c.is_whitespace();
    }
    value
}
