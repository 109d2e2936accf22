//! The two axes of the matrix, read from files: objects that a plan replaces, and objects that depend on them.

use std::collections::BTreeMap;
use std::path::Path;

use regex::{Captures, Regex};

/// An object in two versions, with the ways in which others can use it.
#[derive(Clone, Debug)]
pub(super) struct Replaced {
    /// `kind/change`.
    pub(super) name: String,
    /// `old`, `new` and `both`, which follows either.
    sections: BTreeMap<String, String>,
    /// SQL by the kind of use, such as the name of a type or an expression over `@`.
    uses: BTreeMap<String, String>,
}

/// An object that depends on the replaced one, in a schema of its own.
#[derive(Clone, Debug)]
pub(super) struct Dependent {
    /// `use/form`.
    pub(super) name: String,
    since: u32,
    is_volatile: bool,
    sql: String,
}

impl Dependent {
    /// The name of its schema, by which a plan's complaints are assigned to the cell.
    pub(super) fn schema(&self) -> String {
        format!("d_{}", self.name.replace('/', "_"))
    }
}

impl Replaced {
    /// Whether a dependent of this form is possible.
    pub(super) fn allows(&self, dependent: &Dependent, major: u32) -> bool {
        let of = dependent.name.split('/').next().unwrap_or_default();
        let volatile = of == "expression" && dependent.is_volatile && self.uses.contains_key("volatile");
        dependent.since <= major && (volatile || self.uses.contains_key(of))
    }

    /// A pattern of the columns that PostgreSQL can only drop and create again: generated ones.
    pub(super) fn recreates(&self) -> Regex {
        let more = self.uses.get("recreates").map(|more| format!("|{more}")).unwrap_or_default();
        Regex::new(&format!("^(?:[a-z]+\\.g{more})$")).expect("a pattern")
    }

    /// The replaced object in one version, and the dependents.
    pub(super) fn script(&self, side: &str, dependents: &[Dependent]) -> String {
        let part = |name: &str| self.sections.get(name).map_or("", String::as_str);
        let mut script = format!("CREATE SCHEMA x;\n{}{}", part(side), part("both"));
        for dependent in dependents {
            let schema = dependent.schema();
            script += &format!("CREATE SCHEMA {schema};\nSET search_path = {schema};\n");
            script += &self.fill(dependent, &schema, side);
        }
        script + "RESET search_path;\n"
    }

    fn fill(&self, dependent: &Dependent, schema: &str, side: &str) -> String {
        let hole = Regex::new(r"\{([A-Z])(?::([^}]*))?\}").expect("a pattern");
        let of = |name: &str| self.uses.get(name).map_or("", String::as_str);
        let of_side = |name: &str, default: &str| {
            let default = if default.is_empty() { "integer".to_owned() } else { default.to_owned() };
            self.uses.get(&format!("{name} {side}")).cloned().unwrap_or(default)
        };
        let over = |expression: &str, operand: &str| format!("({})", expression.replace('@', operand));
        let filled = hole.replace_all(&dependent.sql, |hole: &Captures<'_>| {
            let operand = hole.get(2).map_or("", |operand| operand.as_str());
            match &hole[1] {
                "S" => schema.to_owned(),
                "T" => of("type").to_owned(),
                "V" => of("value").to_owned(),
                "W" => of_side("row", of("value")),
                "I" => of_side("integer", ""),
                "E" if self.uses.contains_key("expression") => over(of("expression"), operand),
                "E" => of("volatile").to_owned(),
                "Q" => over(of("query"), operand),
                "R" => of("relation").to_owned(),
                "C" => of("collation").to_owned(),
                "O" => of("operator_class").to_owned(),
                "F" => of("trigger_function").to_owned(),
                "K" => of("key").to_owned(),
                "G" => of("routine").to_owned(),
                "L" => of("composite").to_owned(),
                "M" => of("method").to_owned(),
                other => panic!("{}: nothing fills {{{other}}}", dependent.name),
            }
        });
        filled.into_owned()
    }
}

/// Everything below `matrix/replaced`.
pub(super) fn replaced() -> Vec<Replaced> {
    let entry = |name: String, text: &str| {
        let (mut uses, mut sections) = (BTreeMap::new(), BTreeMap::<String, String>::new());
        let mut section = None;
        for line in text.lines() {
            match line.strip_prefix("-- ") {
                Some(head @ ("old" | "new" | "both")) => section = Some(head.to_owned()),
                Some(head) => {
                    let (key, value) = head.split_once(": ").unwrap_or_else(|| panic!("{name}: {line}"));
                    uses.insert(key.to_owned(), value.to_owned());
                }
                None => {
                    let section = section.clone().unwrap_or_else(|| panic!("{name}: {line}"));
                    *sections.entry(section).or_default() += &format!("{line}\n");
                }
            }
        }
        Replaced { name, sections, uses }
    };
    read("replaced", "-- replaced: ").into_iter().map(|(name, text)| entry(name, &text)).collect()
}

/// Everything below `matrix/dependents`.
pub(super) fn dependents() -> Vec<Dependent> {
    let entry = |(name, text): (String, String)| {
        let since = text.lines().find_map(|line| line.strip_prefix("-- since: "));
        Dependent {
            name,
            since: since.map_or(0, |since| since.parse().expect("a major version")),
            is_volatile: text.lines().any(|line| line == "-- takes: volatile"),
            sql: text.clone(),
        }
    };
    read("dependents", "-- dependent: ").into_iter().map(entry).collect()
}

/// The entries of the files of a folder: their names with that of the file, and the text up to the next entry.
fn read(folder: &str, head: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schema/matrix").join(folder);
    let files = std::fs::read_dir(&root).expect("the folder is there");
    let mut files: Vec<_> = files.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    let mut entries: Vec<(String, String)> = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&file).expect("a readable file").lines() {
            match (line.strip_prefix(head), entries.last_mut()) {
                (Some(name), _) => entries.push((format!("{stem}/{name}"), String::new())),
                (None, Some((_, text))) => *text += &format!("{line}\n"),
                (None, None) => panic!("{}: the first line is no `{head}`", file.display()),
            }
        }
    }
    entries
}
