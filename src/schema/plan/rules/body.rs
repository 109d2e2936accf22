//! Functions that the statements of a plan run, and the objects that their bodies mention.

use std::collections::{BTreeMap, BTreeSet};

use super::Edges;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::plan::view::PlanView;
use crate::sql::{TokenKind, bracket, last_part, significant};

/// The catalog has no dependencies for a body that is a string, so the names in it count as its dependencies.
pub(super) fn what_a_body_mentions_comes_before_it_runs(view: &PlanView<'_, '_>, edges: &mut Edges) {
    let new_schema = view.planner.ctx.new;
    let mut coming: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, new) in view.arriving().filter(|(_, new)| is_read(new.key.kind)) {
        coming.entry(plain_name(&new)).or_default().push(at);
    }
    let mut bodies = Bodies { view, functions: BTreeMap::new(), coming };
    if bodies.coming.is_empty() {
        return;
    }
    for function in new_schema.objects.of_kind(Kind::Function) {
        bodies.functions.entry(plain_name(&function)).or_default().push(function);
    }
    for (at, new) in view.arriving().filter(|(_, new)| runs(new.key.kind)) {
        for mentioned in bodies.mentioned(&new) {
            let object = view.planner.new_object(mentioned).map(|object| object.key);
            let own = object == new.parent || object == new.parent.and_then(|of| new_schema.get(of)?.parent);
            if mentioned != at && !own {
                edges.before(view.create(mentioned), view.create(at));
            }
        }
    }
}

/// Whether creating an object of the kind runs functions, once or for each existing row.
fn runs(kind: Kind) -> bool {
    matches!(kind, Kind::MaterializedView | Kind::Default | Kind::Column | Kind::Constraint | Kind::Index)
}

fn is_read(kind: Kind) -> bool {
    matches!(kind, Kind::Table | Kind::View | Kind::MaterializedView | Kind::Function | Kind::Sequence)
}

fn plain_name<'a>(object: &Object<'a>) -> &'a str {
    let name = object.key.name;
    last_part(&name[..bracket(name).unwrap_or(name.len())])
}

struct Bodies<'v, 'p, 'a> {
    view: &'v PlanView<'p, 'a>,
    functions: BTreeMap<&'a str, Vec<Object<'a>>>,
    /// The items that are created, by name.
    coming: BTreeMap<&'a str, Vec<usize>>,
}

impl Bodies<'_, '_, '_> {
    /// The created items that are mentioned in the functions that an object calls, directly or through others.
    fn mentioned(&self, object: &Object<'_>) -> BTreeSet<usize> {
        let objects = &self.view.planner.ctx.new.objects;
        let mut queue: Vec<Object<'_>> = vec![*object];
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut found = BTreeSet::new();
        while let Some(next) = queue.pop() {
            let needs = next.needs.iter().map(|need| objects.at(*need as usize));
            let through = needs.filter(|need| matches!(need.key.kind, Kind::Function | Kind::View));
            queue.extend(through.filter(|need| seen.insert(need.key.name)));
            for body in bodies(&next) {
                let Ok(tokens) = significant(body) else { continue };
                for name in tokens.iter().filter(|token| token.is_name()).map(|token| token.text) {
                    found.extend(self.coming.get(name).into_iter().flatten());
                    let called = self.functions.get(name).into_iter().flatten();
                    queue.extend(called.filter(|function| seen.insert(function.key.name)));
                }
            }
        }
        found
    }
}

/// The bodies of a function that are strings, without their quotes.
fn bodies<'a>(function: &Object<'a>) -> Vec<&'a str> {
    if function.key.kind != Kind::Function {
        return Vec::new();
    }
    let tokens = significant(function.text(Attr::Definition)).unwrap_or_default();
    let strings = tokens.iter().filter(|token| token.kind == TokenKind::String);
    let body = |text: &'a str| {
        let fence = text.get(..text.get(1..)?.find('$')? + 2)?;
        text.strip_prefix(fence)?.strip_suffix(fence)
    };
    strings.filter(|token| token.text.starts_with('$')).filter_map(|token| body(token.text)).collect()
}
