//! `docs/security.md`: each line names a test that exists.

use std::{fs, path::Path};

/// Whether `name`, a path of modules that may end in a function, is a test or a module with tests.
fn is_a_test(name: &str) -> bool {
    let segments: Vec<&str> = name.split("::").collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    (1..=segments.len()).rev().any(|length| {
        let (file, rest) = segments.split_at(length);
        let path = file.join("/");
        let candidates = ["tests", "src"].into_iter().flat_map(|top| {
            [root.join(top).join(format!("{path}.rs")), root.join(top).join(&path).join("mod.rs")]
        });
        let sources = candidates.filter_map(|path| fs::read_to_string(path).ok());
        sources.into_iter().any(|source| has_test(&source, rest))
    })
}

/// `rest` are modules in the file, and the name of a function at the end.
fn has_test(source: &str, rest: &[&str]) -> bool {
    let Some((last, modules)) = rest.split_last() else {
        return source.contains("#[test]") || source.contains("#[tokio::test");
    };
    let within = modules.iter().all(|module| source.contains(&format!("mod {module} {{")));
    let attribute = |before: &str| {
        let lines =
            before.lines().rev().skip(1).take_while(|line| !line.trim().is_empty() && line.trim() != "}");
        lines.into_iter().any(|line| line.contains("#[test]") || line.contains("#[tokio::test"))
    };
    let function = source.split_once(&format!("fn {last}(")).is_some_and(|(before, _)| attribute(before));
    within && (function || source.contains(&format!("mod {last} {{")) && has_test(source, &[]))
}

#[test]
fn every_line_of_the_security_page_names_a_test_that_exists() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let page = fs::read_to_string(page).unwrap();
    let names: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(names.len() > 40, "{names:?}");
    let missing: Vec<_> = names.into_iter().filter(|name| !is_a_test(name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    let (guarantees, _) = page.split_once("## What it does not protect").unwrap();
    let unheld: Vec<&str> =
        guarantees.split("\n* ").skip(1).filter(|line| !line.contains("*Held by*")).collect();
    assert!(unheld.is_empty(), "lines without a test: {unheld:#?}");
}
