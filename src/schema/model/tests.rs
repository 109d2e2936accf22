use super::*;
use crate::schema::Options;

fn draft(kind: Kind, name: &'static str, parent: Option<(Kind, &str)>, needs: &[u32]) -> Draft<'static> {
    let parent = parent.map(|(kind, name)| Key::new(kind, name));
    let attrs = vec![(Attr::Name, name.into()), (Attr::Grantor, "kept".into())];
    Draft { attrs, needs: needs.to_vec(), ..Draft::new(Key::new(kind, name), parent) }
}

/// A table with a column and an index on it, in the wrong order.
fn drafts() -> Vec<Draft<'static>> {
    let table = Some((Kind::Table, "s.t"));
    vec![
        draft(Kind::Index, "s.i", table, &[1, 2]),
        draft(Kind::Table, "s.t", None, &[]),
        Draft {
            owner: Some("app".into()),
            address: (1, 2, 3),
            stamps: [4, 5, 6],
            ..draft(Kind::Column, "s.t.a", table, &[1])
        },
    ]
}

fn schema(drafts: Vec<Draft<'_>>) -> Schema {
    Schema::new(Options::default(), ServerInfo::default(), drafts.into_iter().collect())
}

#[test]
fn objects_are_sorted_and_need_the_same_ones_as_before() {
    let schema = schema(drafts());
    let keys: Vec<String> = schema.objects.iter().map(|object| object.key.to_string()).collect();
    assert_eq!(keys, ["table s.t", "column s.t.a", "index s.i"]);
    assert_eq!(
        [schema.objects.needs(0), schema.objects.needs(1), schema.objects.needs(2)],
        [&[][..], &[0], &[0, 1]]
    );
    let column = schema.object(Kind::Column, "s.t.a").expect("the column");
    assert_eq!((column.owner, column.address, column.stamps), (Some("app"), (1, 2, 3), [4, 5, 6]));
    assert_eq!(column.parent, Some(Name::new(Kind::Table, "s.t")));
    assert_eq!(column.attrs.compared().collect::<Vec<_>>(), [(Attr::Name, "s.t.a")]);
}

#[test]
fn parts_and_dependents_lead_back() {
    let schema = schema(drafts());
    assert_eq!([schema.parts().of(0), schema.parts().of(1)], [&[1, 2][..], &[]]);
    assert_eq!([schema.dependents().of(0), schema.dependents().of(1)], [&[1, 2][..], &[2]]);
}

#[test]
fn what_is_written_down_is_read_back_the_same() {
    let schema = schema(drafts());
    let written = serde_json::to_string(&schema).expect("it is written");
    let read: Schema = serde_json::from_str(&written).expect("it is read");
    assert_eq!(read, schema);
    assert_eq!(read.fingerprint(), schema.fingerprint());
}

#[test]
fn a_record_of_an_earlier_version_is_read() {
    let record = r#"{"options":{"include":[],"exclude":[],"owners":true,"privileges":true,"comments":true},
        "origin":{"version":170004,"system_identifier":null,"user":"app","roles":[],"casts":[],"available_extensions":[]},
        "objects":[{"key":{"kind":"table","name":"s.t"},"attrs":[["name","t"]],"needs":[],"address":[1,2,0]},
        {"key":{"kind":"column","name":"s.t.a"},"parent":{"kind":"table","name":"s.t"},"owner":"app",
         "attrs":[["name","a"],["type","text"]],"needs":[0],"address":[1,2,1],"stamps":[7,7,0]}]}"#;
    let schema: Schema = serde_json::from_str(record).expect("it is read");
    let column = schema.object(Kind::Column, "s.t.a").expect("the column");
    assert_eq!((column.get(Attr::Type), column.needs, column.stamps), (Some("text"), &[0][..], [7, 7, 0]));
    assert_eq!(schema.object(Kind::Table, "s.t").expect("the table").stamps, [0; 3]);
}

#[test]
fn a_forged_record_is_no_trouble() {
    let forged = schema(vec![draft(Kind::Table, "s.t", Some((Kind::Table, "s.t")), &[0, 7])]);
    assert_eq!(forged.objects.needs(0), [0]);
    assert_eq!(forged.parts().of(0), [0]);
}

#[test]
fn what_is_left_out_is_needed_by_nobody() {
    let mut collection = Collection::default();
    for draft in drafts() {
        collection.push(&draft);
    }
    assert_eq!(collection.place(Name::new(Kind::Column, "s.t.a")), Some(2));
    collection.retain(|at| at != 2);
    let objects = collection.sorted();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects.needs(1), [0]);
}

#[test]
fn an_attribute_can_be_told_later() {
    let mut collection = Collection::default();
    let at = collection.push(&draft(Kind::Index, "s.i", None, &[]));
    collection.set(at, 0, "j");
    collection.stamp(at, [1, 2, 3]);
    let objects = collection.sorted();
    assert_eq!((objects.at(0).text(Attr::Name), objects.at(0).stamps), ("j", [1, 2, 3]));
}

#[test]
fn an_attribute_takes_eight_bytes() {
    assert_eq!(size_of::<(Attr, super::text::Symbol)>(), 8);
}
