//! Circles of files: imports are followed through re-exports to the file that defines the item.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::{program, resolve, sources};

/// The circles that are left: each may shrink, and none may join them.
const ALLOWED: &[&[&str]] = &[
    // Handles lead to each other (`branch.project()`, `project.branch(…)`), and each holds the client that makes them.
    &["api", "http"],
];

/// The modules of `src/` that are files.
struct Modules {
    /// Code without imports.
    code: BTreeMap<String, String>,
    /// The imported names of each module, private or re-exported, with their absolute paths.
    names: BTreeMap<String, BTreeMap<String, String>>,
    /// The modules from which each module imports everything.
    globs: BTreeMap<String, Vec<String>>,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Module(String),
    /// The file that defines an item.
    Item(String),
}

impl Modules {
    fn new(sources: BTreeMap<String, String>) -> Self {
        let import = Regex::new(r"\buse\s+([\w:{},*\s]+);").unwrap();
        let mut modules = Self { code: BTreeMap::new(), names: BTreeMap::new(), globs: BTreeMap::new() };
        for (module, code) in &sources {
            let mut paths = Vec::new();
            for found in import.captures_iter(code) {
                resolve("", &found[1], &mut paths);
            }
            let (names, globs) = (modules.names.entry(module.clone()).or_default(), &mut modules.globs);
            for path in paths {
                let (path, alias) = path.split_once(" as ").unwrap_or((&path, ""));
                let Some(path) = absolute(&sources, module, path.trim_end_matches("::self")) else {
                    continue;
                };
                match path.strip_suffix("::*") {
                    Some(all) => globs.entry(module.clone()).or_default().push(all.to_owned()),
                    None => {
                        let last = path.rsplit("::").next().unwrap();
                        let name = if alias.is_empty() { last } else { alias.trim() };
                        // A trait that is only imported for its methods has no name of its own.
                        let name = if name == "_" { format!("_{path}") } else { name.to_owned() };
                        names.insert(name, path);
                    }
                }
            }
            modules.code.insert(module.clone(), import.replace_all(code, "").into_owned());
        }
        modules
    }

    fn follow(&self, path: &str, depth: usize) -> Option<Target> {
        let names: Vec<&str> = path.split("::").collect();
        let length =
            (0..=names.len()).rev().find(|length| self.code.contains_key(&names[..*length].join("::")))?;
        let module = names[..length].join("::");
        let Some(next) = names.get(length) else { return Some(Target::Module(module)) };
        if depth == 0 {
            return None;
        }
        if let Some(imported) = self.names[&module].get(*next) {
            let rest: Vec<&str> =
                std::iter::once(imported.as_str()).chain(names[length + 1..].iter().copied()).collect();
            return self.follow(&rest.join("::"), depth - 1);
        }
        let globs = self.globs.get(&module).into_iter().flatten();
        let found = globs.filter_map(|all| self.follow(&format!("{all}::{next}"), depth - 1));
        let defined = |target: &Target| match target {
            Target::Item(file) => {
                Regex::new(&format!(r"\b(?:struct|enum|trait|fn|type|const|static|macro_rules!)\s+{next}\b"))
                    .unwrap()
                    .is_match(&self.code[file])
            }
            Target::Module(_) => false,
        };
        found.into_iter().find(defined).or(Some(Target::Item(module)))
    }

    /// The files that a file uses items of.
    fn uses(&self, module: &str) -> BTreeSet<String> {
        let code = &self.code[module];
        let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mentioned = |name: &str| name.starts_with('_') || words.contains(name);
        let imported = self.names[module].iter().filter(|(name, _)| mentioned(name));
        let mut paths: BTreeSet<String> = imported.map(|(_, path)| path.clone()).collect();
        let inline = code.split(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
        for found in inline.map(|path| path.trim_matches(':')).collect::<BTreeSet<_>>() {
            let Some((first, rest)) = found.split_once("::") else { continue };
            let imported = self.names[module].get(first).map(|path| format!("{path}::{rest}"));
            paths.extend(imported.or_else(|| absolute(&self.code, module, found)));
        }
        let targets = paths.iter().filter_map(|path| self.follow(path, 20));
        let files = targets.filter_map(|target| match target {
            Target::Item(file) if file != module => Some(file),
            _ => None,
        });
        files.collect()
    }
}

/// A path from the root of the crate; none for other crates.
fn absolute(known: &BTreeMap<String, String>, module: &str, path: &str) -> Option<String> {
    let mut at: Vec<&str> = module.split("::").filter(|name| !name.is_empty()).collect();
    let mut rest = path;
    let mut own = false;
    while let Some((first, tail)) = rest.split_once("::") {
        match first {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            _ => break,
        }
        (own, rest) = (true, tail);
    }
    let first = rest.split("::").next().unwrap();
    let joined = |at: &[&str], name: &str| at.iter().copied().chain([name]).collect::<Vec<_>>().join("::");
    (own || known.contains_key(&joined(&at, first))).then(|| joined(&at, rest))
}

fn is_below(module: &str, parent: &str) -> bool {
    module
        .strip_prefix(parent)
        .is_some_and(|rest| parent.is_empty() || rest.is_empty() || rest.starts_with("::"))
}

/// Groups of files each of which reaches every other one.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<&str>> {
    let reach = |from: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
        while let Some(at) = open.pop() {
            for next in edges.get(&at).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<String>> =
        edges.keys().map(|from| (from.as_str(), reach(from))).collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for (from, reached) in &all {
        if reached.contains(*from) && !found.iter().any(|circle| circle.contains(from)) {
            let back = |other: &&str| reached.contains(*other) && all[other].contains(*from);
            found.push(all.keys().copied().filter(back).collect());
        }
    }
    found
}

/// Circles of siblings, and circles that go beyond a parent and its descendants.
fn forbidden(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<&str>> {
    let family =
        |circle: &BTreeSet<&str>| circle.iter().any(|top| circle.iter().all(|file| is_below(file, top)));
    circles(edges).into_iter().filter(|circle| !family(circle)).collect()
}

fn without_parents(edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let related = |one: &str, other: &str| is_below(one, other) || is_below(other, one);
    let rest = |(from, to): (&String, &BTreeSet<String>)| {
        (from.clone(), to.iter().filter(|to| !related(from, to)).cloned().collect())
    };
    edges.iter().map(rest).collect()
}

/// The circles of files other than those of a parent with its children, a line for each import.
fn found_in(sources: BTreeMap<String, String>, allowed: &[&[&str]]) -> Vec<String> {
    let modules = Modules::new(sources);
    let edges: BTreeMap<String, BTreeSet<String>> =
        modules.code.keys().map(|module| (module.clone(), modules.uses(module))).collect();
    let siblings = without_parents(&edges);
    let is_allowed = |circle: &BTreeSet<&str>| {
        let covers = |group: &&[&str]| circle.iter().all(|file| group.iter().any(|top| is_below(file, top)));
        allowed.iter().any(covers)
    };
    let found = forbidden(&edges).into_iter().chain(circles(&siblings));
    let shown = found.filter(|circle| !is_allowed(circle)).map(|circle| {
        let inner = circle.iter().flat_map(|from| {
            let to = edges[*from].iter().filter(|to| circle.contains(to.as_str()));
            to.map(move |to| format!("  {from} → {to}"))
        });
        inner.collect::<Vec<_>>().join("\n")
    });
    shown.collect()
}

#[test]
fn files_form_no_circle_but_with_their_parent() {
    let found = found_in(sources(), ALLOWED);
    assert!(found.is_empty(), "circles of files:\n{}", found.join("\n\n"));
}

#[test]
fn files_of_programs_form_no_circle_either() {
    for name in ["lakebase", "lakebase-local"] {
        let sources = program(name);
        assert!(sources.contains_key("console::frame"), "{:?}", sources.keys());
        let found = found_in(sources, &[]);
        assert!(found.is_empty(), "circles of files of {name}:\n{}", found.join("\n\n"));
    }
}

#[test]
fn a_circle_is_found_through_a_reexport() {
    let source = |module: &str, code: &str| (module.to_owned(), code.to_owned());
    let modules = Modules::new(BTreeMap::from([
        source("a", "mod b; mod c; pub use b::B; use c::*; fn made() -> B { c::C }"),
        source("a::b", "use super::C; pub struct B(C);"),
        source("a::c", "pub struct C; fn of(b: super::B) {}"),
        source("a::d", "use crate::a::{B as Other, c}; fn one(_: Other, _: c::C) {}"),
    ]));
    let uses = |module: &str| modules.uses(module).into_iter().collect::<Vec<_>>();
    assert_eq!(uses("a::b"), ["a::c"]);
    assert_eq!(uses("a::c"), ["a::b"]);
    assert_eq!(uses("a::d"), ["a::b", "a::c"]);
    let edges = modules.code.keys().map(|module| (module.clone(), modules.uses(module))).collect();
    assert_eq!(circles(&without_parents(&edges)), [BTreeSet::from(["a::b", "a::c"])]);
}
