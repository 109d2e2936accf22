//! Types and the way their values are hashed.

use std::collections::HashMap;

use serde::Deserialize;

use super::model::HashKind;

/// The types of all columns with the types that they consist of. The function is that of the default hash operator
/// class of the type or of one that it is binary-coercible to.
pub(super) const TYPES: &str = "with recursive needed(oid) as (
    select distinct a.atttypid from pg_catalog.pg_attribute a
      where a.attnum > 0 and not a.attisdropped and a.attrelid = any('{RELATIONS}'::oid[])
    union
    select part.oid from needed
      join pg_catalog.pg_type t on t.oid = needed.oid
      cross join lateral (
        select t.typelem where t.typcategory = 'A'
        union all select t.typbasetype
        union all select r.rngsubtype from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
        union all select a.atttypid from pg_catalog.pg_attribute a
          where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ) part(oid)
      where part.oid <> 0)
  select t.oid::int8 as oid, t.typname as name, t.typtype as kind,
    t.typnamespace = 'pg_catalog'::regnamespace as system,
    case when t.typcategory = 'A' then t.typelem::int8 else 0 end as element, t.typbasetype::int8 as base,
    coalesce((select r.rngsubtype::int8 from pg_catalog.pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)), 0)
      as bound,
    coalesce((select json_agg(a.atttypid::int8) from pg_catalog.pg_attribute a
      where t.typrelid <> 0 and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped), '[]') as fields,
    f.name as function, coalesce(f.direct, false) as direct
  from needed
  join pg_catalog.pg_type t on t.oid = needed.oid
  left join lateral (
    select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) as name,
      p.proargtypes[0] = c.opcintype as direct
    from pg_catalog.pg_opclass c
    join pg_catalog.pg_am m on m.oid = c.opcmethod and m.amname = 'hash'
    join pg_catalog.pg_amproc f on f.amprocfamily = c.opcfamily and f.amproclefttype = c.opcintype
      and f.amprocrighttype = c.opcintype and f.amprocnum = 2
    join pg_catalog.pg_proc p on p.oid = f.amproc
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where c.opcdefault and (c.opcintype = t.oid or exists (select from pg_catalog.pg_cast k where k.castsource = t.oid
      and k.casttarget = c.opcintype and k.castmethod = 'b' and k.castcontext = 'i'))
    order by c.opcintype = t.oid desc, c.oid limit 1) f on true";

#[derive(Deserialize)]
pub(super) struct RawType {
    oid: i64,
    name: String,
    kind: String,
    system: bool,
    element: i64,
    base: i64,
    bound: i64,
    fields: Vec<i64>,
    function: Option<String>,
    /// Whether the function takes the type itself, and not a type that is stored alike.
    direct: bool,
}

/// The types of a database by oid.
pub(super) struct Types(HashMap<i64, RawType>);

impl Types {
    pub(super) fn new(types: Vec<RawType>) -> Self {
        Self(types.into_iter().map(|r#type| (r#type.oid, r#type)).collect())
    }

    pub(super) fn hash(&self, oid: i64) -> HashKind {
        let Some(found) = self.0.get(&oid) else { return HashKind::Text };
        match found.kind.as_str() {
            "e" => HashKind::Enum,
            "d" => self.hash(found.base),
            "r" | "m" => self.container(&[found.bound], false),
            "c" => self.container(&found.fields, false),
            "b" if found.element != 0 => self.container(&[found.element], true),
            "b" => found.base_type(),
            _ => HashKind::Text,
        }
    }

    /// The hash of a type that consists of others.
    fn container(&self, parts: &[i64], dimensions: bool) -> HashKind {
        let (mut shape, mut halved) = (false, false);
        for part in parts {
            match self.hash(*part) {
                HashKind::Enum | HashKind::Text | HashKind::Record { dimensions: true, .. } => {
                    return HashKind::Text;
                }
                HashKind::Numeric | HashKind::Record { shape: true, .. } => shape = true,
                HashKind::Int8
                | HashKind::Timestamp
                | HashKind::TimestampTz
                | HashKind::Interval
                | HashKind::Printed => halved = true,
                _ => {}
            }
        }
        match halved {
            true if parts.iter().all(|part| self.has_one_text(*part)) => HashKind::Printed,
            true => HashKind::Text,
            false => HashKind::Record { dimensions, shape },
        }
    }

    /// Whether equal values have equal texts.
    fn has_one_text(&self, oid: i64) -> bool {
        let Some(found) = self.0.get(&oid) else { return false };
        match found.kind.as_str() {
            "d" => self.has_one_text(found.base),
            "b" => found.system && ONE_TEXT.contains(&found.name.as_str()),
            _ => self.hash(oid) == HashKind::Printed,
        }
    }
}

/// Types whose equal values have equal texts.
const ONE_TEXT: [&str; 18] = [
    "bool",
    "bytea",
    "date",
    "int2",
    "int4",
    "int8",
    "money",
    "name",
    "oid",
    "pg_lsn",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varchar",
    "xid8",
];

impl RawType {
    fn base_type(&self) -> HashKind {
        match (self.name.as_str(), self.system, &self.function) {
            // The oid behind a name differs between databases.
            (name, true, _) if name.starts_with("reg") => HashKind::Text,
            ("bool", true, _) => HashKind::Bool,
            ("int8", true, _) => HashKind::Int8,
            ("timestamp", true, _) => HashKind::Timestamp,
            ("interval", true, _) => HashKind::Interval,
            ("time" | "timetz" | "money" | "pg_lsn" | "xid8", true, _) => HashKind::Printed,
            ("timestamptz", true, _) => HashKind::TimestampTz,
            ("numeric", true, _) => HashKind::Numeric,
            // Of extensions, such as `isn`.
            (_, _, Some(function)) if function == "pg_catalog.hashint8extended" => HashKind::Printed,
            ("jsonb", true, _) => HashKind::Record { dimensions: false, shape: true },
            (_, _, Some(function)) if self.direct => HashKind::Function(function.clone()),
            (_, _, Some(_)) => HashKind::Record { dimensions: false, shape: false },
            (_, _, None) => HashKind::Text,
        }
    }
}

impl HashKind {
    /// The 64-bit hash of an SQL expression, never NULL.
    pub(super) fn expression(&self, value: &str, nullable: bool, seed: i64) -> String {
        // A function may give the seed itself, such as that of `float8` for 0.
        let null = format!("'{}'::int8", seed ^ 0x5a5a_5a5a_5a5a_5a5a);
        let negative = format!("'{}'::int8", seed ^ 0x3c3c_3c3c_3c3c_3c3c);
        let seed = format!("'{seed}'::int8");
        let call = match self {
            Self::Function(function) => format!("{function}({value}, {seed})"),
            Self::Bool => format!("pg_catalog.hashint4extended({value}::int4, {seed})"),
            Self::Int8 => format!("pg_catalog.hashint8extended({value}, {value}::int8 # {seed})"),
            Self::Timestamp => timestamp(value, &seed),
            // The function has no form for the type itself. A zone without a name costs a third of the cast.
            Self::TimestampTz => timestamp(&format!("pg_catalog.timezone('0'::interval, {value})"), &seed),
            Self::Numeric => format!(
                "(coalesce(nullif(pg_catalog.hash_numeric_extended({value}, {seed}), {seed}), \
                 pg_catalog.hashtextextended({value}::text collate \"C\", {seed})) \
                 # case when {value} < '0'::numeric then {negative} else '0'::int8 end)"
            ),
            Self::Interval => format!(
                "pg_catalog.hashtextextended(pg_catalog.justify_interval({value})::text collate \"C\", {seed})"
            ),
            Self::Enum | Self::Printed | Self::Text => {
                format!("pg_catalog.hashtextextended({value}::text collate \"C\", {seed})")
            }
            Self::Record { dimensions, shape } => {
                let dimensions =
                    if *dimensions { format!(", pg_catalog.array_dims({value})") } else { String::new() };
                // Equal numbers differ in zeros at their end only.
                let shape = match shape {
                    true => format!(", pg_catalog.translate({value}::text, '0.', '')"),
                    false => String::new(),
                };
                return format!("pg_catalog.hash_record_extended(row({value}{dimensions}{shape}), {seed})");
            }
        };
        if nullable { format!("coalesce({call}, {null})") } else { call }
    }
}

/// The hash of a timestamp without time zone: of both halves, and of the upper one, in units of 2^32 microseconds. It
/// is not rounded down below the earliest timestamp.
fn timestamp(value: &str, seed: &str) -> String {
    format!(
        "pg_catalog.timestamp_hash_extended({value}, pg_catalog.timestamp_hash_extended(pg_catalog.date_bin(\
         '4294.967296 s'::interval, greatest({value}, '4713-01-01 BC'::timestamp), '2000-01-01'::timestamp), {seed}))"
    )
}
