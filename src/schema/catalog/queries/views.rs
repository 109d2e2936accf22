//! Queries for views, rules, triggers and policies.

use super::{Query, database_wide, in_schema};
use crate::schema::model::Kind;

pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::View,
        "pg_class",
        "select c.oid, c.xmin as stamp,
                ((hashtext(r.xmin::text || (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0)))::int8 & 4294967295)::text as defined,
                quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, quote_ident(pg_get_userbyid(relowner)) as owner,
                rtrim(pg_get_viewdef(c.oid), ';') as definition,
                case when c.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(c.reloptions) o) end as options,
                array_to_string(c.reloptions, E'\\n') as options_in_order,
                (select string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) || ' ' || attcollation::text, E'\\n' order by attnum)
                   from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped) as column_types
         from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_rewrite r on r.ev_class = c.oid and rulename = '_RETURN'
         where c.relkind = 'v' and n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::MaterializedView,
        "pg_class",
        "select c.oid, c.xmin as stamp,
                ((hashtext(r.xmin::text || (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0)))::int8 & 4294967295)::text as defined,
                quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, quote_ident(pg_get_userbyid(relowner)) as owner,
                rtrim(pg_get_viewdef(c.oid), ';') as definition,
                (select string_agg(o, E'\\n' order by o) from
                   (select unnest(c.reloptions) union all select 'toast.' || unnest(t.reloptions) from pg_class t where t.oid = c.reltoastrelid) u(o)) as options,
                array_to_string(c.reloptions || (select array_agg('toast.' || o order by n) from pg_class t, unnest(t.reloptions) with ordinality x(o, n) where t.oid = c.reltoastrelid), E'\\n') as options_in_order,
                (select string_agg(quote_ident(attname) || E'\\t' || attstattarget, E'\\n' order by attnum) from pg_attribute a
                  where a.attrelid = c.oid and attnum > 0 and attstattarget >= 0) as statistics,
                (select string_agg(quote_ident(attname) || E'\\t' || case attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end, E'\\n' order by attnum)
                   from pg_attribute a join pg_type ty on ty.oid = atttypid where a.attrelid = c.oid and attnum > 0 and attstorage <> typstorage) as storage,
                (select string_agg(quote_ident(attname) || E'\\t' || case typstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end, E'\\n' order by attnum)
                   from pg_attribute a join pg_type ty on ty.oid = atttypid where a.attrelid = c.oid and attnum > 0 and attstorage <> typstorage) as default_storage,
                (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) as tablespace,
                (select quote_ident(amname) from pg_am a where a.oid = c.relam and amname <> 'heap') as access_method,
                case when not relispopulated then 'true' end as unpopulated
         from pg_class c join pg_namespace n on n.oid = relnamespace left join pg_rewrite r on r.ev_class = c.oid and rulename = '_RETURN'
         where c.relkind = 'm' and n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Trigger,
        "pg_trigger",
        "select t.oid, t.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(tgname) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent,
                case relkind when 'v' then 'view' else 'table' end as parent_kind, quote_ident(tgname) as name,
                case when tgparentid = 0 then pg_get_triggerdef(t.oid) end as definition, case when tgconstraint <> 0 then 'true' end as constraint_trigger,
                case tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled,
                case when tgparentid <> 0 then (select string_agg(quote_ident(an.nspname) || '.' || quote_ident(ac.relname) || '.' || quote_ident(tgname), E'\\n' order by place)
                   from pg_partition_ancestors(tgrelid) with ordinality as above(relid, place) join pg_class ac on ac.oid = above.relid join pg_namespace an on an.oid = ac.relnamespace
                   where above.relid <> tgrelid) end as above
         from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
         where not tgisinternal and n.oid = any({NSP})
           and (tgparentid = 0 or tgenabled <> (select p.tgenabled from pg_trigger p where p.oid = t.tgparentid))
           and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_trigger'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Rule,
        "pg_rewrite",
        "select r.oid, r.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(rulename) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent,
                case relkind when 'v' then 'view' else 'table' end as parent_kind, quote_ident(rulename) as name,
                rtrim(pg_get_ruledef(r.oid), ';') as definition,
                case ev_enabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled
         from pg_rewrite r join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace
         where rulename <> '_RETURN' and n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Policy,
        "pg_policy",
        "select p.oid, p.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(polname) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent, 'table' as parent_kind, quote_ident(polname) as name,
                case when not polpermissive then 'true' end as restrictive,
                case polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end as command,
                coalesce(nullif((select string_agg(quote_ident(rolname), ', ' order by rolname) from pg_roles where oid = any(polroles)), ''), 'PUBLIC') as roles,
                pg_get_expr(polqual, polrelid) as \"using\", pg_get_expr(polwithcheck, polrelid) as with_check
         from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace where n.oid = any({NSP})",
    ),
    database_wide(
        Kind::EventTrigger,
        "pg_event_trigger",
        "select t.oid, quote_ident(evtname) as key, quote_ident(evtname) as name, quote_ident(pg_get_userbyid(evtowner)) as owner, evtevent as event,
                evtfoid::regproc::text as function,
                (select string_agg(quote_literal(v), ', ' order by place) from unnest(evttags) with ordinality as tag(v, place)) as tags,
                case evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled
         from pg_event_trigger t where t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_event_trigger'::regclass and deptype = 'e')",
    ),
];
