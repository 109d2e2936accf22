use super::*;
use crate::schema::Options;
use crate::schema::model::{Attr, Draft, Key, ServerInfo};

/// A table made by transaction `made` and last written by `written`.
fn table(name: &str, oid: u32, made: u32, written: u32) -> Draft<'static> {
    object(Kind::Table, &format!("public.{name}"), None, (1, oid, 0), [written, written, made])
}

fn column(table: &str, name: &str, place: i32, written: u32) -> Draft<'static> {
    let parent = Key::new(Kind::Table, format!("public.{table}"));
    let key = format!("public.{table}.{name}");
    object(Kind::Column, &key, Some(parent), (1, 10, place), [written, written, 0])
}

fn object(
    kind: Kind,
    key: &str,
    parent: Option<Key>,
    address: (u32, u32, i32),
    stamps: [u32; 3],
) -> Draft<'static> {
    let name = key.rsplit('.').next().unwrap_or(key);
    let attrs = vec![(Attr::Name, name.to_owned().into()), (Attr::Type, "integer".into())];
    Draft { attrs, address, stamps, ..Draft::new(Key::new(kind, key), parent) }
}

fn matches(
    old: Vec<Draft<'static>>,
    new: Vec<Draft<'static>>,
    kind: Kind,
    before: &str,
    after: &str,
) -> Match {
    let schema = |objects: Vec<Draft<'_>>| {
        Schema::new(Options::default(), ServerInfo::default(), objects.into_iter().collect())
    };
    let (old, new) = (schema(old), schema(new));
    let (before, after) = (old.object(kind, before), new.object(kind, after));
    IdentityMatcher::new(&old, &new).matches(&before.expect("the object"), &after.expect("the object"))
}

#[test]
fn transactions_wrap_around() {
    assert!(not_before(5, 3) && not_before(3, 3) && !not_before(3, 5));
    assert!(not_before(2, u32::MAX - 1), "2 comes after the highest numbers");
    assert_eq!(earlier(2, u32::MAX - 1), u32::MAX - 1);
}

#[test]
fn a_table_whose_rows_were_made_by_one_transaction_is_one_table() {
    let other = || vec![table("other", 20, 700, 700)];
    let old = [vec![table("a", 10, 500, 500)], other()].concat();
    let new = [vec![table("b", 10, 500, 900)], other()].concat();
    assert_eq!(matches(old, new, Kind::Table, "public.a", "public.b"), Match::Same);
}

#[test]
fn tables_made_by_different_transactions_are_two() {
    let (old, new) = (vec![table("a", 10, 800, 800)], vec![table("b", 10, 801, 801)]);
    assert_eq!(matches(old, new, Kind::Table, "public.a", "public.b"), Match::Different);
}

#[test]
fn a_table_alone_with_its_number_is_unclear() {
    let (old, new) = (vec![table("a", 10, 500, 500)], vec![table("b", 10, 500, 900)]);
    assert_eq!(matches(old, new, Kind::Table, "public.a", "public.b"), Match::Unclear);
}

#[test]
fn columns_that_nobody_wrote_show_that_it_is_their_table() {
    let old = vec![table("a", 10, 500, 500), column("a", "x", 1, 500), column("a", "y", 2, 500)];
    let new = vec![table("b", 10, 500, 900), column("b", "x", 1, 500), column("b", "z", 2, 901)];
    assert_eq!(matches(old, new, Kind::Table, "public.a", "public.b"), Match::Same);
}

#[test]
fn the_name_of_a_not_null_constraint_is_no_evidence_against() {
    let mut named = column("b", "x", 1, 500);
    named.attrs.push((Attr::NotNullConstraint, "CONSTRAINT a_x_not_null".into()));
    let old = vec![table("a", 10, 500, 500), column("a", "x", 1, 500)];
    let new = vec![table("b", 10, 500, 900), named];
    assert_eq!(matches(old, new, Kind::Table, "public.a", "public.b"), Match::Same);
}

#[test]
fn a_column_as_old_as_its_table_is_renamed() {
    let old = vec![table("a", 10, 500, 500), column("a", "x", 1, 500)];
    let new = vec![table("a", 10, 500, 500), column("a", "y", 1, 900)];
    assert_eq!(matches(old, new, Kind::Column, "public.a.x", "public.a.y"), Match::Same);
}

#[test]
fn columns_added_on_both_sides_are_two() {
    let old = vec![table("a", 10, 500, 800), column("a", "x", 2, 800)];
    let new = vec![table("a", 10, 500, 900), column("a", "y", 2, 900)];
    assert_eq!(matches(old, new, Kind::Column, "public.a.x", "public.a.y"), Match::Different);
}

#[test]
fn a_row_that_both_sides_have_unwritten_is_no_rename() {
    let old = vec![table("a", 10, 500, 500), column("a", "x", 1, 500)];
    let new = vec![table("a", 10, 500, 500), column("a", "y", 1, 500)];
    assert_eq!(matches(old, new, Kind::Column, "public.a.x", "public.a.y"), Match::Different);
}
