//! Queries for sequences and the columns that own them.

use super::{Query, in_schema};
use crate::schema::model::Kind;

/// Includes the sequences of identity columns, which are read before the columns.
pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::Sequence,
        "pg_class",
        "select c.oid, c.xmin as stamp, s.xmin as defined, quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, quote_ident(pg_get_userbyid(relowner)) as owner, format_type(seqtypid, null) as type,
                case relpersistence when 'u' then 'unlogged' end as persistence,
                seqstart::text as start, seqincrement::text as increment,
                case when seqmin <> case when seqincrement > 0 then 1 else case seqtypid when 21 then -32768 when 23 then -2147483648 else -9223372036854775808 end end then seqmin::text end as minvalue,
                case when seqmax <> case when seqincrement < 0 then -1 else case seqtypid when 21 then 32767 when 23 then 2147483647 else 9223372036854775807 end end then seqmax::text end as maxvalue,
                seqcache::text as cache, case when seqcycle then 'true' end as cycle
         from pg_sequence s join pg_class c on c.oid = seqrelid join pg_namespace n on n.oid = relnamespace
         where n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::SequenceOwner,
        "pg_sequence",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
                quote_ident(n.nspname) || '.' || quote_ident(c.relname) as parent, 'sequence' as parent_kind,
                quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(attname) as \"column\",
                quote_ident(tn.nspname) || '.' || quote_ident(t.relname) as \"table\"
         from {OWNED} d(objid, refobjid, refobjsubid)
              join pg_class c on c.oid = d.objid join pg_namespace n on n.oid = c.relnamespace
              join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
              join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid",
    ),
];
