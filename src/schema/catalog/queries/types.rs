//! Queries for types and collations.

use super::{Query, in_schema};
use crate::schema::model::Kind;

pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::Enum,
        "pg_type",
        "select t.oid, t.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, quote_ident(pg_get_userbyid(typowner)) as owner,
                (select string_agg(quote_literal(enumlabel), E'\\n' order by enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
                (select string_agg(e.oid || E'\\t' || e.xmin::text, E'\\n' order by enumsortorder) from pg_enum e where e.enumtypid = t.oid) as part_numbers
         from pg_type t join pg_namespace n on n.oid = typnamespace where typtype = 'e' and n.oid = any({NSP})
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Domain,
        "pg_type",
        "select t.oid, t.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(t.typname) as key, quote_ident(nspname) as schema,
                quote_ident(t.typname) as name, quote_ident(pg_get_userbyid(t.typowner)) as owner,
                format_type(t.typbasetype, t.typtypmod) as type,
                case when t.typcollation <> b.typcollation then
                  (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co
                     join pg_namespace cn on cn.oid = collnamespace where co.oid = t.typcollation) end as collation,
                case when t.typnotnull then 'true' end as not_null,
                {DOMAINNOTNULL}{DOMAINNOTNULLCOMMENT}
                t.typdefault as default_text, pg_get_expr(t.typdefaultbin, 0) as \"default\"
         from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_type b on b.oid = t.typbasetype
         where t.typtype = 'd' and n.oid = any({NSP})
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::DomainConstraint,
        "pg_constraint",
        "select k.oid, k.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(typname) || '.' || quote_ident(conname) as key,
                quote_ident(nspname) || '.' || quote_ident(typname) as parent, 'domain' as parent_kind,
                quote_ident(conname) as name, pg_get_constraintdef(k.oid) as definition
         from pg_constraint k join pg_type t on t.oid = contypid join pg_namespace n on n.oid = typnamespace
         where contype = 'c' and n.oid = any({NSP})
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Composite,
        "pg_type",
        "select t.oid, t.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, quote_ident(pg_get_userbyid(typowner)) as owner,
                (select string_agg(quote_ident(attname) || E'\\t' || format_type(atttypid, atttypmod) ||
                   case when attcollation <> at.typcollation then ' COLLATE ' || (select quote_ident(cn.nspname) || '.' || quote_ident(collname)
                     from pg_collation co join pg_namespace cn on cn.oid = collnamespace where co.oid = attcollation) else '' end,
                   E'\\n' order by attnum)
                   from pg_attribute a join pg_type at on at.oid = atttypid where a.attrelid = c.oid and attnum > 0 and not attisdropped) as attributes,
                (select string_agg(attnum || E'\\t' || a.xmin::text, E'\\n' order by attnum) from pg_attribute a
                  where a.attrelid = c.oid and attnum > 0 and not attisdropped) as part_numbers
         from pg_type t join pg_class c on c.oid = t.typrelid join pg_namespace n on n.oid = typnamespace
         where c.relkind = 'c' and n.oid = any({NSP})
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Range,
        "pg_type",
        "select t.oid, t.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, quote_ident(pg_get_userbyid(typowner)) as owner, format_type(rngsubtype, null) as subtype,
                (select quote_ident(mn.nspname) || '.' || quote_ident(mt.typname) from pg_type mt join pg_namespace mn on mn.oid = mt.typnamespace where mt.oid = rngmultitypid) as multirange,
                (select quote_ident(oc_n.nspname) || '.' || quote_ident(opcname) from pg_opclass oc join pg_namespace oc_n on oc_n.oid = opcnamespace
                  where oc.oid = rngsubopc and not opcdefault) as subtype_opclass,
                (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co join pg_namespace cn on cn.oid = collnamespace
                   where co.oid = rngcollation and rngcollation <> (select typcollation from pg_type s where s.oid = rngsubtype)) as collation,
                case when rngcanonical <> 0 then rngcanonical::regproc::text end as canonical,
                case when rngsubdiff <> 0 then rngsubdiff::regproc::text end as subtype_diff
         from pg_range r join pg_type t on t.oid = rngtypid join pg_namespace n on n.oid = typnamespace
         where n.oid = any({NSP})
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Collation,
        "pg_collation",
        "select c.oid, c.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(collname) as key, quote_ident(nspname) as schema,
                quote_ident(collname) as name, quote_ident(pg_get_userbyid(collowner)) as owner,
                case collprovider when 'i' then 'icu' when 'c' then 'libc' when 'b' then 'builtin' when 'd' then 'default' end as provider,
                {COLLATIONLOCALE}
                case when not collisdeterministic then 'true' end as nondeterministic
         from pg_collation c join pg_namespace n on n.oid = collnamespace where n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_collation'::regclass and deptype = 'e')",
    ),
];
