//! Definitions of views as PostgreSQL 16 and later print them.
//!
//! Before 16 the query of a view had two hidden entries in its range table, so that its columns were always qualified.
//! Since 16 they are bare where the outermost query has a single `FROM` item that is no join. The columns of
//! sub-queries, and of the parts of a set operation, are qualified by every version. The hidden entries were called
//! `old` and `new`, so that an alias of that name was printed as `old_1`.

use std::ops::Range;

use crate::sql::{Token, TokenKind, significant, split_list};

/// The keywords that can end the `FROM` clause of a query.
const AFTER_FROM: [&str; 9] =
    ["WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"];

/// The outermost query of a view.
struct Query<'a> {
    definition: &'a str,
    tokens: Vec<Token<'a>>,
    /// The number of brackets around each token.
    depths: Vec<usize>,
    /// Whether each token belongs to a sub-query.
    nested: Vec<bool>,
}

/// The definition of a view of PostgreSQL 15 as later versions print it; `None` where it is the same.
pub(super) fn later_form(definition: &str) -> Option<String> {
    let renamed = with_old_and_new(definition);
    unqualified(renamed.as_deref().unwrap_or(definition)).or(renamed)
}

/// The definition with the numbers of the aliases `old_1`, `new_1`, … lowered; `None` if it has none.
fn with_old_and_new(definition: &str) -> Option<String> {
    if !definition.contains("old_") && !definition.contains("new_") {
        return None;
    }
    let tokens = significant(definition).ok()?;
    let is_alias = |at: usize| tokens[at].is_name() && !(at > 0 && tokens[at - 1].is_sign('.'));
    let lowered = |at: usize| {
        let (head, number) = tokens[at].text.rsplit_once('_')?;
        match (head, number.parse::<u32>().ok()?) {
            ("old" | "new", 1) => Some(head.to_owned()),
            ("old" | "new", number @ 2..) => Some(format!("{head}_{}", number - 1)),
            _ => None,
        }
    };
    let (mut text, mut copied) = (String::with_capacity(definition.len()), 0);
    for at in (0..tokens.len()).filter(|at| is_alias(*at)) {
        let Some(name) = lowered(at) else {
            // An alias of this name would have got a number.
            if matches!(tokens[at].text, "old" | "new") {
                return None;
            }
            continue;
        };
        let own_name = at > 1 && tokens[at - 1].text == name && tokens[at - 2].is_sign('.');
        let until = if own_name { tokens[at - 1].end() } else { tokens[at].start };
        text.push_str(&definition[copied..until]);
        text.push_str(if own_name { "" } else { &name });
        copied = tokens[at].end();
    }
    (copied > 0).then(|| text + &definition[copied..])
}

/// The definition without the qualifiers that later versions omit; `None` if it has none.
fn unqualified(definition: &str) -> Option<String> {
    let query = Query::read(definition)?;
    let (list, from) = query.clauses()?;
    let alias = query.alias(from.clone())?;
    let outputs = query.outputs(list.clone());
    let mut text = String::with_capacity(definition.len());
    let mut copied = 0;
    let mut sorted = vec![false];
    for at in list.start..query.tokens.len() {
        query.note_keys(at, &mut sorted);
        if from.contains(&at) || query.nested[at] || !query.is_column(at, alias) {
            continue;
        }
        let (name, column) = (&query.tokens[at], &query.tokens[at + 2]);
        let bare_key = sorted.last() == Some(&true) && query.is_whole_key(at);
        // As a sort key, the bare name would mean the output column of that name.
        let other = |(output, of): &(&str, &str)| {
            *output == column.text && *of != &definition[name.start..column.end()]
        };
        if !(bare_key && outputs.iter().any(other)) {
            text.push_str(&definition[copied..name.start]);
            copied = column.start;
        }
    }
    (copied > 0).then(|| text + &definition[copied..])
}

impl<'a> Query<'a> {
    fn read(definition: &'a str) -> Option<Self> {
        let tokens = significant(definition).ok()?;
        let (mut depths, mut nested) = (vec![0; tokens.len()], vec![false; tokens.len()]);
        // The opening brackets, and whether they are those of a sub-query.
        let mut open: Vec<(usize, bool)> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Sign('(') => open.push((at, false)),
                TokenKind::Sign(')') => {
                    let (start, query) = open.pop()?;
                    if query {
                        nested[start..=at].fill(true);
                    }
                }
                TokenKind::Word if matches!(token.text, "SELECT" | "VALUES") => {
                    if let Some((_, query)) = open.last_mut() {
                        *query = true;
                    }
                }
                _ => {}
            }
            depths[at] = open.len();
        }
        Some(Self { definition, tokens, depths, nested })
    }

    fn is_keyword(&self, at: usize, words: &[&str]) -> bool {
        self.tokens.get(at).is_some_and(|t| t.kind == TokenKind::Word && words.contains(&t.text))
    }

    fn is_sign(&self, at: usize, sign: char) -> bool {
        self.tokens.get(at).is_some_and(|t| t.is_sign(sign))
    }

    /// The first of these keywords outside of brackets.
    fn find(&self, mut range: Range<usize>, words: &[&str]) -> Option<usize> {
        range.find(|at| self.depths[*at] == 0 && self.is_keyword(*at, words))
    }

    /// The select list and the `FROM` clause; `None` for set operations and for more than one `FROM` item.
    fn clauses(&self) -> Option<(Range<usize>, Range<usize>)> {
        let count = self.tokens.len();
        if self.find(0..count, &["UNION", "INTERSECT", "EXCEPT"]).is_some() {
            return None;
        }
        let select = self.find(0..count, &["SELECT"])? + 1;
        let from = self.find(select..count, &["FROM"])? + 1;
        let end = self.find(from..count, &AFTER_FROM).unwrap_or(count);
        let several = (from..end).any(|at| self.depths[at] == 0 && self.is_sign(at, ','));
        // The deparser puts joins in brackets.
        let join = self.is_sign(from, '(') && !self.nested[from];
        (!several && !join).then_some((select..from - 1, from..end))
    }

    /// The name that qualifies the columns of the `FROM` item: the last one outside of brackets.
    fn alias(&self, from: Range<usize>) -> Option<&'a str> {
        let end = self.find(from.clone(), &["TABLESAMPLE"]).unwrap_or(from.end);
        // Keywords are in capitals, and names in capitals are quoted.
        let is_name =
            |token: &Token<'_>| token.is_name() && !token.text.starts_with(|c: char| c.is_ascii_uppercase());
        let mut names = (from.start..end).filter(|at| self.depths[*at] == 0 && is_name(&self.tokens[*at]));
        let alias = names.next_back().map(|at| self.tokens[at].text);
        alias.or_else(|| self.is_keyword(from.start, &["XMLTABLE"]).then_some("\"xmltable\""))
    }

    /// The names and expressions of the output columns.
    fn outputs(&self, list: Range<usize>) -> Vec<(&'a str, &'a str)> {
        let mut start = list.start;
        if self.is_keyword(start, &["DISTINCT"]) {
            start += 1;
            if self.is_keyword(start, &["ON"]) {
                start += 1;
                start += self.depths[start..].iter().take_while(|depth| **depth > 0).count() + 1;
            }
        }
        let Some((first, last)) = self.tokens.get(start).zip(self.tokens.get(list.end)) else {
            return Vec::new();
        };
        if first.start > last.start {
            return Vec::new();
        }
        let items = split_list(&self.definition[first.start..last.start]);
        let output = |item: &'a str| {
            let tokens = significant(item).ok()?;
            match tokens.as_slice() {
                [.., word, name] if word.text == "AS" => Some((name.text, item[..word.start].trim_end())),
                [.., dot, name] if dot.is_sign('.') => Some((name.text, item)),
                _ => None,
            }
        };
        items.into_iter().filter_map(output).collect()
    }

    /// Whether the tokens are a column of the `FROM` item with its qualifier.
    fn is_column(&self, at: usize, alias: &str) -> bool {
        let before = at.checked_sub(1).map(|before| &self.tokens[before]);
        let other = |t: &Token<'_>| t.is_sign('.') || t.text == "::" || t.text == "COLLATE";
        self.tokens[at].is_name()
            && self.tokens[at].text == alias
            && !before.is_some_and(other)
            && self.is_sign(at + 1, '.')
            && self.tokens.get(at + 2).is_some_and(Token::is_name)
            && !self.is_sign(at + 3, '.')
            && !self.is_sign(at + 3, '(')
    }

    /// Tracks for each open bracket whether sort keys are listed in it.
    fn note_keys(&self, at: usize, sorted: &mut Vec<bool>) {
        let token = &self.tokens[at];
        let distinct =
            |at: usize| at >= 2 && self.is_keyword(at - 1, &["ON"]) && self.is_keyword(at - 2, &["DISTINCT"]);
        match token.kind {
            TokenKind::Sign('(') => sorted.push(distinct(at)),
            TokenKind::Sign(')') if sorted.len() > 1 => drop(sorted.pop()),
            TokenKind::Word if token.text.starts_with(|c: char| c.is_ascii_uppercase()) => {
                let keys = match token.text {
                    "BY" => at > 0 && self.is_keyword(at - 1, &["ORDER", "PARTITION"]),
                    "DESC" | "NULLS" | "FIRST" | "LAST" => return,
                    _ => false,
                };
                if let Some(last) = sorted.last_mut() {
                    *last = keys;
                }
            }
            _ => {}
        }
    }

    /// Whether a qualified column is a whole sort key.
    fn is_whole_key(&self, at: usize) -> bool {
        let starts = at > 0
            && (self.is_keyword(at - 1, &["BY"]) || self.is_sign(at - 1, ',') || self.is_sign(at - 1, '('));
        let after = self.tokens.get(at + 3);
        let ends = after.is_none_or(|t| {
            t.is_sign(',')
                || t.is_sign(')')
                || t.kind == TokenKind::Word && t.text.starts_with(|c: char| c.is_ascii_uppercase())
        });
        starts && ends
    }
}

#[cfg(test)]
mod tests {
    use super::{later_form, unqualified};

    fn same(definition: &str) {
        assert_eq!(unqualified(definition), None, "{definition}");
    }

    fn bare(definition: &str, expected: &str) {
        assert_eq!(unqualified(definition).as_deref(), Some(expected));
    }

    #[test]
    fn columns_of_one_table_are_bare() {
        bare(
            " SELECT t.a,\n    t.\"B\" AS c\n   FROM public.t",
            " SELECT a,\n    \"B\" AS c\n   FROM public.t",
        );
        bare(
            " SELECT (x.y).a AS a FROM ONLY public.t x(y, z) TABLESAMPLE system (1) WHERE (x.z > 't.a'::text)",
            " SELECT (y).a AS a FROM ONLY public.t x(y, z) TABLESAMPLE system (1) WHERE (z > 't.a'::text)",
        );
        bare(
            " SELECT g.n FROM generate_series(1, 2) WITH ORDINALITY g(n)",
            " SELECT n FROM generate_series(1, 2) WITH ORDINALITY g(n)",
        );
        bare(
            " WITH c AS (\n SELECT t.a FROM public.t\n ) SELECT c.a FROM c",
            " WITH c AS (\n SELECT t.a FROM public.t\n ) SELECT a FROM c",
        );
        bare(
            " SELECT s.a FROM ( SELECT s.a FROM (public.s JOIN public.u USING (a))) s",
            " SELECT a FROM ( SELECT s.a FROM (public.s JOIN public.u USING (a))) s",
        );
    }

    #[test]
    fn sub_queries_keep_their_qualifiers() {
        bare(
            " SELECT t.a FROM public.t WHERE (EXISTS ( SELECT 1 FROM public.u WHERE (u.a = t.a))) AND ((t.b = ANY (ARRAY[1])))",
            " SELECT a FROM public.t WHERE (EXISTS ( SELECT 1 FROM public.u WHERE (u.a = t.a))) AND ((b = ANY (ARRAY[1])))",
        );
        same(" SELECT (( SELECT t.a UNION SELECT 2) INTERSECT SELECT t.a) AS x FROM public.t");
    }

    #[test]
    fn joins_lists_and_set_operations_are_qualified() {
        same(" SELECT t.a FROM (public.t JOIN public.u USING (a))");
        same(" SELECT t.a FROM (( SELECT 1) t(a) JOIN public.u USING (a))");
        same(" SELECT t.a FROM public.t, public.u");
        same(" SELECT t.a FROM public.t UNION SELECT u.a FROM public.u");
        same("( SELECT t.a FROM public.t) EXCEPT SELECT u.a FROM public.u");
        same(" SELECT 1 AS a");
    }

    #[test]
    fn functions_types_and_whole_rows_are_no_columns() {
        same(
            " SELECT public.f() AS f, NULL::public.ty AS y, public.*::public.public AS x FROM public.public",
        );
        bare(
            " SELECT public.f(public.a) AS f FROM public.public",
            " SELECT public.f(a) AS f FROM public.public",
        );
    }

    #[test]
    fn a_sort_key_keeps_its_qualifier_where_an_output_column_has_its_name() {
        bare(
            " SELECT t.a AS b, t.b AS a, rank() OVER (PARTITION BY t.a ORDER BY t.c DESC) AS r FROM public.t ORDER BY t.a DESC, (t.a + 1), t.c",
            " SELECT a AS b, b AS a, rank() OVER (PARTITION BY t.a ORDER BY c DESC) AS r FROM public.t ORDER BY t.a DESC, (a + 1), c",
        );
        bare(
            " SELECT DISTINCT ON (t.b) t.b, t.a AS c FROM public.t GROUP BY t.c ORDER BY t.b, t.c LIMIT 1",
            " SELECT DISTINCT ON (b) b, a AS c FROM public.t GROUP BY c ORDER BY b, t.c LIMIT 1",
        );
    }

    #[test]
    fn aliases_old_and_new_have_no_number() {
        let later = |definition: &str| later_form(definition).unwrap_or_default();
        assert_eq!(
            later(
                " SELECT old_1.a, new_1.old_1 FROM (public.t old_1 JOIN public.t new_1 ON (old_1.a = new_1.a))"
            ),
            " SELECT old.a, new.old_1 FROM (public.t old JOIN public.t new ON (old.a = new.a))"
        );
        assert_eq!(later(" SELECT old_1.a FROM public.old old_1"), " SELECT a FROM public.old");
        assert_eq!(
            later(" SELECT old_1.a FROM ( SELECT old_2.a FROM public.t old_2) old_1"),
            " SELECT a FROM ( SELECT old_1.a FROM public.t old_1) old"
        );
        assert_eq!(later_form(" SELECT older_1.a FROM (public.t older_1 JOIN old USING (a))"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"(SELECT|FROM|ORDER BY|DISTINCT ON|t\.a|old_1|[ (),.'"$a]){0,20}"#) {
            let _ = later_form(&text);
        }
    }
}
