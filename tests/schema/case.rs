//! The files of the corpus: settings in comments at the head, then sections of plain SQL.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lakebase::schema::{Plan, PlanError, PlanOptions, SchemaDiff};
use regex::Regex;

/// What has to come of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// The plan makes one out of the other.
    Equal,
    /// Nothing differs, nothing is planned.
    Same,
    /// Nothing correct can be planned forwards.
    Refused,
    /// Nothing correct can be planned backwards.
    RefusedBack,
    /// Nothing correct can be planned in either direction.
    RefusedBothWays,
    /// Three-way: the two sides contradict each other.
    Conflict,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// `kind/promise`.
    pub(super) name: String,
    pub(super) expect: Expect,
    pub(super) one_way: bool,
    /// Whether the plans may make tables anew.
    pub(super) recreate_tables: bool,
    pub(super) min_version: u32,
    pub(super) max_version: u32,
    pub(super) extensions: Vec<String>,
    /// What the forward plan must not, and must, contain.
    pub(super) forbid: Vec<Regex>,
    pub(super) require: Vec<Regex>,
    /// Hazards of the forward plan that must, and must not, be announced.
    pub(super) hazards: Vec<Regex>,
    pub(super) no_hazards: Vec<Regex>,
    /// Tables (`t`) and columns (`t.c`) that can't be altered to what is wanted.
    pub(super) recreates: Option<Regex>,
    /// Queries and the value they have after the forward plan.
    pub(super) checks: Vec<(String, String)>,
    pub(super) sections: HashMap<String, String>,
}

impl Case {
    fn new(name: String) -> Self {
        Self {
            name,
            expect: Expect::Equal,
            one_way: false,
            recreate_tables: false,
            min_version: 15,
            max_version: 18,
            extensions: Vec::new(),
            forbid: Vec::new(),
            require: Vec::new(),
            hazards: Vec::new(),
            no_hazards: Vec::new(),
            recreates: None,
            checks: Vec::new(),
            sections: HashMap::new(),
        }
    }

    /// A pair without any further rule.
    pub(super) fn of(name: String, old: String, new: String) -> Self {
        let mut case = Self::new(name);
        case.sections.insert("old".to_owned(), old);
        case.sections.insert("new".to_owned(), new);
        case
    }

    fn parse(name: String, text: &str) -> Self {
        let mut case = Self::new(name);
        let mut section = String::new();
        for line in text.lines() {
            match line
                .strip_prefix("-- ")
                .map(|comment| comment.split_once(": ").unwrap_or((comment.trim(), "")))
            {
                Some((name @ ("base" | "old" | "new" | "after" | "data" | "ours" | "theirs"), "")) => {
                    section = name.to_owned();
                    case.sections.entry(section.clone()).or_default();
                }
                Some((key, value)) if case.set(key, value) => {}
                _ => {
                    let sql = case.sections.entry(section.clone()).or_default();
                    sql.push_str(line);
                    sql.push('\n');
                }
            }
        }
        case
    }

    fn set(&mut self, key: &str, value: &str) -> bool {
        let regex =
            |pattern: &str| Regex::new(pattern).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        match key {
            "forbid" => self.forbid.push(regex(value)),
            "require" => self.require.push(regex(value)),
            "hazard" => self.hazards.push(regex(value)),
            "no-hazard" => self.no_hazards.push(regex(value)),
            "recreates" => self.recreates = Some(regex(&format!("^(?:{value})$"))),
            "one-way" => self.one_way = true,
            "recreate-tables" => self.recreate_tables = true,
            "min-version" => self.min_version = value.parse().expect("a major version"),
            "max-version" => self.max_version = value.parse().expect("a major version"),
            "requires-extension" => self.extensions.push(value.to_owned()),
            "check" => {
                let (query, value) = value.split_once(" => ").expect("-- check: query => value");
                self.checks.push((query.to_owned(), value.to_owned()));
            }
            "expect" => {
                self.expect = match value {
                    "same" => Expect::Same,
                    "refused" => Expect::Refused,
                    "refused both ways" => Expect::RefusedBothWays,
                    "refused back" => Expect::RefusedBack,
                    "conflict" => Expect::Conflict,
                    other => panic!("{}: nobody knows what to expect of `{other}`", self.name),
                }
            }
            _ => return false,
        }
        true
    }

    /// Whether a server of this version has what the file uses.
    pub(super) fn fits(&self, major: u32) -> bool {
        (self.min_version..=self.max_version).contains(&major)
    }

    /// The plan of a difference, with the options of the file.
    pub(super) fn plan(&self, diff: &SchemaDiff) -> Result<Plan, PlanError> {
        diff.migration_with(&PlanOptions::default().recreate_tables(self.recreate_tables))
    }

    /// What base, the section and what follows both say together.
    pub(super) fn script(&self, section: &str) -> String {
        let part = |name: &str| self.sections.get(name).map_or("", String::as_str);
        format!("{}\n{}{}", part("base"), part(section), part("after"))
    }

    /// What one section alone says.
    pub(super) fn section(&self, section: &str) -> &str {
        self.sections.get(section).map_or("", String::as_str)
    }
}

/// Every file below `tests/schema/<folder>`, by name.
pub(super) fn corpus(folder: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema").join(folder);
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let case = |file: &PathBuf| {
        let name = file.strip_prefix(&root).expect("below the root").with_extension("");
        let text =
            std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Case::parse(name.to_string_lossy().into_owned(), &text)
    };
    files.iter().map(case).collect()
}

/// The migrations below `tests/schema/releases/<application>` as pairs: before and after each, and first to last.
pub(super) fn releases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut first: HashMap<String, String> = HashMap::new();
    let mut so_far: HashMap<String, String> = HashMap::new();
    for step in corpus("releases") {
        let application = step.name.split('/').next().unwrap_or_default().to_owned();
        let migration = step.section("").to_owned();
        let Some(before) = so_far.get(&application).cloned() else {
            first.insert(application.clone(), migration.clone());
            so_far.insert(application, migration);
            continue;
        };
        let after = format!("{before}\n{migration}");
        so_far.insert(application, after.clone());
        cases.push(Case::of(format!("release/{}", step.name), before, after));
    }
    for (application, last) in so_far {
        cases.push(Case::of(
            format!("release/{application}/first_to_last"),
            first[&application].clone(),
            last,
        ));
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
}
