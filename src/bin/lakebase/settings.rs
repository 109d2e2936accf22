//! `lakebase.toml`: what `lakebase init` remembers beside the code. There is no secret in it.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use lakebase::name::ProjectId;
use serde::{Deserialize, Serialize};

use crate::{
    failure::{Failure, Result, cannot},
    git,
};

pub(crate) const FILE: &str = "lakebase.toml";

/// The contents of the file, and where it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<ProjectId>,
    /// The profile of `.databrickscfg` that names the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    /// The directory of the migrations, relative to the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) migrations: Option<PathBuf>,
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
}

impl Settings {
    /// Reads the file of this directory, else that of the nearest one above it in the same repository. Outside of
    /// a repository, only this directory counts.
    pub(crate) fn find() -> Result<Self> {
        let here = env::current_dir().map_err(|error| cannot("find the current directory", &error))?;
        Self::find_from(&here)
    }

    fn find_from(here: &Path) -> Result<Self> {
        // The file of another repository is not meant, nor one above that anybody may have put there.
        let repository = here.ancestors().position(|directory| directory.join(".git").exists());
        for directory in here.ancestors().take(repository.unwrap_or(0) + 1) {
            let file = directory.join(FILE);
            match fs::metadata(&file) {
                Ok(meta) => refuse_foreign(&file, &meta, repository.is_some())?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(cannot(format_args!("read {}", file.display()), &error)),
            }
            let text = fs::read_to_string(&file);
            let text = text.map_err(|error| cannot(format_args!("read {}", file.display()), &error))?;
            return Self::parse(&text, file);
        }
        Ok(Self::default())
    }

    fn parse(text: &str, file: PathBuf) -> Result<Self> {
        let settings: Self = toml::from_str(text).map_err(|error| {
            let reason = error.to_string();
            Failure::new(format!("{} cannot be read: {}", file.display(), reason.trim_end())).help(
                "it has project, profile and migrations, each a text in quotes; `lakebase init` writes it",
            )
        })?;
        Ok(Self { file: Some(file), ..settings })
    }

    /// Writes the file in one step.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text =
            format!("# Written by `lakebase init`; there is no secret in it.\n{}", toml::to_string(self)?);
        let draft = file.with_extension("toml.new");
        let written = fs::write(&draft, text).and_then(|()| fs::rename(&draft, file));
        written.map_err(|error| cannot(format_args!("write {}", file.display()), &error))
    }

    /// The directory of the migrations: as given, else as the file says, else `migrations`.
    pub(crate) fn migrations(&self, given: Option<&Path>) -> PathBuf {
        let remembered = || {
            let directory = self.migrations.as_ref()?;
            Some(self.file.as_ref()?.parent()?.join(directory))
        };
        given.map(Path::to_owned).or_else(remembered).unwrap_or_else(|| PathBuf::from("migrations"))
    }
}

/// Refuses what another user may have put there to have commands work elsewhere. In a repository of another user, git
/// decides whether it is trusted (`safe.directory`), as for a checkout that is mounted into a container.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there is no owner to compare"))]
fn refuse_foreign(file: &Path, meta: &fs::Metadata, in_repository: bool) -> Result<()> {
    if !meta.is_file() {
        return Err(Failure::new(format!("{} is no file", file.display())).help("remove it, or go elsewhere"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        let owner = meta.uid();
        let own = owner == 0 || owner == rustix::process::geteuid().as_raw();
        let trusted = || in_repository && git::ask(&["rev-parse", "--git-dir"]).is_some();
        if !own && !trusted() {
            let message = format!("{} is of another user, uid {owner}, and is not used", file.display());
            return Err(
                Failure::new(message).help("take it over with chown if you trust it, else go elsewhere")
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_of_the_repository_counts() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("repository/src/deep");
        fs::create_dir_all(&inner).unwrap();
        let written = Settings { project: Some("shop".parse().unwrap()), ..Settings::default() };
        written.write(&top.path().join(FILE)).unwrap();
        // Outside of a repository, that of the directory alone.
        assert_eq!(Settings::find_from(&inner).unwrap(), Settings::default());
        let found = Settings::find_from(top.path()).unwrap();
        assert_eq!(found.project, written.project);
        assert_eq!(found.migrations(None), PathBuf::from("migrations"));
        fs::create_dir(top.path().join("repository/.git")).unwrap();
        assert_eq!(Settings::find_from(&inner).unwrap(), Settings::default());
        let file = top.path().join("repository").join(FILE);
        fs::write(&file, "project = 'shop'\nmigrations = 'db'").unwrap();
        let found = Settings::find_from(&inner).unwrap();
        assert_eq!(found.migrations(None), top.path().join("repository/db"));
        assert_eq!(found.migrations(Some(Path::new("x"))), PathBuf::from("x"));
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join(FILE)).unwrap();
        let refused = Settings::find_from(top.path()).unwrap_err();
        assert!(refused.text().contains("is no file"), "{}", refused.text());
    }

    #[test]
    fn a_mistake_is_named() {
        for (text, told) in
            [("token = 'x'", "unknown field `token`"), ("project = 'Shop'", "'S' at position 1")]
        {
            let failure = Settings::parse(text, PathBuf::from("lakebase.toml")).unwrap_err();
            assert!(failure.text().contains(told), "{}", failure.text());
        }
    }
}
