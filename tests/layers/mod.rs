//! The layers of `src/`, from the bottom up. An import may name its own layer or one below; nothing runs upward.

mod circles;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Written down once, lowest first. A file belongs to the longest prefix that fits.
const LAYERS: &[&[&str]] = &[
    &["api::wire"],
    &["sql", "api::expiry", "api::lsn", "api::name", "error"],
    &["schema", "telemetry", "api::mask", "api::backoff", "api::wait"],
    &["data"],
    &["http", "auth", "api"],
    &["postgres"],
    &["workflow"],
    &["migrate"],
    &["local"],
    &["testing"],
    &["guides"],
];

fn layer(module: &str) -> Option<usize> {
    let fits = |prefix: &str| module == prefix || module.starts_with(&format!("{prefix}::"));
    let ranked =
        LAYERS.iter().enumerate().flat_map(|(rank, layer)| layer.iter().map(move |name| (name, rank)));
    ranked.filter(|(name, _)| fits(name)).max_by_key(|(name, _)| name.len()).map(|(_, rank)| rank)
}

fn files(directory: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        match entry.is_dir() {
            true => files(&entry, all),
            false => all.push(entry),
        }
    }
}

/// `src/api/branch/create.rs` is `api::branch::create`, `src/api/mod.rs` is `api`.
fn module_of(file: &Path) -> String {
    let path = file.with_extension("");
    let names: Vec<_> = path.iter().map(|name| name.to_str().unwrap()).collect();
    names.join("::").trim_end_matches("mod").trim_end_matches("::").to_owned()
}

/// The code of a file without its unit tests and comments, on one line.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join(" ")
}

/// Every `crate::…` path of an import, its braces resolved.
fn imports(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    for part in code.split("use crate::").skip(1) {
        resolve("", part.split(';').next().unwrap(), &mut all);
    }
    all
}

fn resolve(prefix: &str, tree: &str, all: &mut Vec<String>) {
    let Some((head, rest)) = tree.split_once('{') else {
        all.push(format!("{prefix}{}", tree.trim()));
        return;
    };
    let prefix = format!("{prefix}{}", head.trim());
    let inner = rest.rsplit_once('}').unwrap().0;
    let (mut depth, mut start) = (0, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inner[start..at].trim().is_empty() {
                    resolve(&prefix, &inner[start..at], all);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The code of each module below a directory of `src/`, without tests and the root of the crate.
fn modules_in(directory: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(directory);
    let mut all = Vec::new();
    files(&root, &mut all);
    let all = all.into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let mut modules = BTreeMap::new();
    for file in all {
        let module = module_of(file.strip_prefix(&root).unwrap());
        let is_test = module.split("::").any(|name| name == "tests");
        if !is_test && !["lib", "main"].contains(&module.as_str()) {
            modules.insert(module, code(&fs::read_to_string(&file).unwrap()));
        }
    }
    modules
}

/// The code of each module of the library.
fn sources() -> BTreeMap<String, String> {
    let mut sources = modules_in("");
    sources.retain(|module, _| !module.starts_with("bin::") && module != "http::script");
    sources
}

/// The code of each module of a program, with those that both programs include.
fn program(name: &str) -> BTreeMap<String, String> {
    let mut sources = modules_in(&format!("bin/{name}"));
    for shared in ["console", "serve"] {
        let below = modules_in(&format!("bin/{shared}"));
        let path = |module: String| {
            if module.is_empty() { shared.to_owned() } else { format!("{shared}::{module}") }
        };
        sources.extend(below.into_iter().map(|(module, code)| (path(module), code)));
    }
    sources
}

#[test]
fn no_import_runs_upward() {
    let mut upward = Vec::new();
    for (module, code) in sources() {
        let imports: BTreeSet<String> = imports(&code).into_iter().collect();
        let own = layer(&module).unwrap_or_else(|| panic!("src/{module} has no layer: add it to LAYERS"));
        for import in imports {
            let other = layer(&import).unwrap_or_else(|| panic!("{module} imports {import} from the root"));
            if other > own {
                upward.push(format!("{module} → {import}"));
            }
        }
    }
    assert!(upward.is_empty(), "imports that run upward: {upward:#?}");
}

#[test]
fn a_tree_of_imports_is_resolved() {
    let found = imports("use crate::{a::{b::C, d::{E, F}}, g};");
    assert_eq!(found, ["a::b::C", "a::d::E", "a::d::F", "g"]);
    assert_eq!(module_of(Path::new("api/branch/mod.rs")), "api::branch");
    assert!(layer("api::name::BranchId") < layer("api::branch::Branch"));
}
