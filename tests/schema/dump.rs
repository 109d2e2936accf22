//! Two `pg_dump --schema-only` compared up to order: the observer from outside.

use std::collections::BTreeMap;

/// The dump as a bag of objects, each in one canonical spelling.
pub(super) struct Dump(BTreeMap<String, usize>);

impl Dump {
    pub(super) fn parse(text: &str) -> Self {
        let mut objects = BTreeMap::new();
        let mut lines = text.lines().peekable();
        let mut current: Option<(String, Vec<String>)> = None;
        while let Some(line) = lines.next() {
            let header = line == "--" && lines.peek().is_some_and(|next| next.starts_with("-- Name: "));
            if header {
                add(&mut objects, current.take());
                current = Some((lines.next().unwrap_or_default().to_owned(), Vec::new()));
            } else if let Some((_, body)) = &mut current
                && is_content(line)
            {
                body.push(line.to_owned());
            }
        }
        add(&mut objects, current);
        Self(objects)
    }

    /// What only one of the two has: `-` here, `+` there. Empty: they are equal.
    pub(super) fn difference(&self, other: &Self) -> String {
        let one_sided = |a: &Self, b: &Self, sign: char| -> String {
            let missing = a.0.iter().filter(|(object, count)| b.0.get(*object).unwrap_or(&0) < count);
            missing
                .flat_map(|(object, _)| object.lines().map(move |line| format!("{sign} {line}\n")))
                .collect()
        };
        format!("{}{}", one_sided(self, other, '-'), one_sided(other, self, '+'))
    }
}

/// Not the decoration that depends on order or on the run.
fn is_content(line: &str) -> bool {
    let decoration = ["--", "SET default_", "\\restrict", "\\unrestrict"];
    !line.is_empty() && !decoration.iter().any(|start| line.starts_with(start))
}

fn add(objects: &mut BTreeMap<String, usize>, object: Option<(String, Vec<String>)>) {
    let Some((header, mut body)) = object else { return };
    let kind = header.split("; ").find_map(|part| part.strip_prefix("Type: ")).unwrap_or_default().to_owned();
    let composite = kind == "TYPE" && body.first().is_some_and(|line| line.ends_with(" AS ("));
    // The order of columns can't be altered; the order of grants means nothing.
    if composite || matches!(kind.as_str(), "TABLE" | "FOREIGN TABLE" | "ACL" | "DEFAULT ACL") {
        for line in &mut body {
            *line = line.trim_end_matches(',').to_owned();
        }
        body.sort();
    }
    *objects.entry(format!("{header}\n{}", body.join("\n"))).or_default() += 1;
}

#[test]
fn order_of_columns_and_objects_is_no_difference() {
    let one = "--\n-- Name: t; Type: TABLE\n--\n\nCREATE TABLE t (\n    a int,\n    b int\n);\n\n--\n-- Name: e; Type: TYPE\n--\n\nCREATE TYPE e AS ENUM (\n    'a',\n    'b'\n);\n";
    let two = "--\n-- Name: e; Type: TYPE\n--\nCREATE TYPE e AS ENUM (\n    'a',\n    'b'\n);\n--\n-- Name: t; Type: TABLE\n--\nCREATE TABLE t (\n    b int,\n    a int\n);\n";
    assert_eq!(Dump::parse(one).difference(&Dump::parse(two)), "");
}

#[test]
fn order_of_enum_values_is_a_difference() {
    let one = "--\n-- Name: e; Type: TYPE\n--\nCREATE TYPE e AS ENUM (\n    'a',\n    'b'\n);\n";
    let two = "--\n-- Name: e; Type: TYPE\n--\nCREATE TYPE e AS ENUM (\n    'b',\n    'a'\n);\n";
    assert_ne!(Dump::parse(one).difference(&Dump::parse(two)), "");
}
