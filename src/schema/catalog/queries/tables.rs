//! Queries for tables and their parts: columns, defaults, partitions, constraints, indexes, and sequences.

use super::{Query, in_schema};
use crate::schema::model::Kind;

pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::Table,
        "pg_class",
        "select c.oid, c.xmin as stamp, ty.xmin as defined, quote_ident(nspname) || '.' || quote_ident(c.relname) as key,
                quote_ident(nspname) as schema, quote_ident(c.relname) as name, quote_ident(pg_get_userbyid(c.relowner)) as owner,
                case c.relkind when 'f' then 'true' end as \"foreign\",
                case c.relkind when 'f' then (select quote_ident(s.srvname) from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
                  where f.ftrelid = c.oid) end as server,
                case c.relkind when 'f' then (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name)
                   from pg_foreign_table f, pg_options_to_table(f.ftoptions) where f.ftrelid = c.oid) end as fdw_options,
                case c.relpersistence when 'u' then 'unlogged' end as persistence,
                case c.relkind when 'p' then pg_get_partkeydef(c.oid) end as partition_key,
                case when c.relispartition then 'true' end as is_partition,
                case when not c.relispartition then
                  (select string_agg(quote_ident(pn.nspname) || '.' || quote_ident(p.relname), E'\\n' order by i.inhseqno)
                     from pg_inherits i join pg_class p on p.oid = i.inhparent join pg_namespace pn on pn.oid = p.relnamespace
                    where i.inhrelid = c.oid) end as inherits,
                case when c.reloftype <> 0 then format_type(c.reloftype, null) end as of_type,
                case when c.reloptions is not null or toast.reloptions is not null then
                  (select string_agg(o, E'\\n' order by o) from
                     (select unnest(c.reloptions) union all select 'toast.' || unnest(toast.reloptions)) u(o)) end as options,
                array_to_string(c.reloptions || case when toast.reloptions is not null then
                  (select array_agg('toast.' || o order by n) from unnest(toast.reloptions) with ordinality x(o, n)) end, E'\\n') as options_in_order,
                case when c.relrowsecurity then 'true' end as row_security,
                case when c.relforcerowsecurity then 'true' end as force_row_security,
                case when c.relkind <> 'f' then case c.relreplident when 'n' then 'nothing' when 'f' then 'full' end end as replica_identity,
                case when c.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
                (select quote_ident(amname) from pg_am a where a.oid = c.relam and amname <> 'heap') as access_method
         from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_class toast on toast.oid = c.reltoastrelid
              left join pg_type ty on ty.oid = c.reltype
         where c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Column,
        "pg_class",
        "select a.attrelid as oid_and_relation, a.attnum::int4 as sub, a.xmin as stamp, atttypid as type_oid, attcollation as collation_oid,
                quote_ident(attname) as name, format_type(atttypid, atttypmod) as type,
                case when attcollation <> typcollation then
                  (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co
                     join pg_namespace cn on cn.oid = collnamespace where co.oid = attcollation) end as collation,
                case when attnotnull then 'true' end as not_null,
                {NOTNULL}{NOTNULLCOMMENT}
                case attgenerated when 's' then pg_get_expr(d.adbin, d.adrelid) end as generated,
                case attgenerated when 'v' then pg_get_expr(d.adbin, d.adrelid) end as generated_virtual,
                case attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
                case when attstorage <> typstorage then case attstorage when 'p' then 'plain' when 'e' then 'external'
                  when 'x' then 'extended' when 'm' then 'main' end end as storage,
                case attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
                case when attstattarget >= 0 then attstattarget::text end as statistics,
                case when attoptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(attoptions) o) end as options,
                case when attfdwoptions is not null then
                  (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name)
                     from pg_options_to_table(attfdwoptions)) end as fdw_options,
                case when attinhcount > 0 and not attislocal then 'true' end as inherited,
                case when attinhcount > 0 then 'true' end as has_parent,
                d.oid as default_oid, d.xmin as default_stamp, case attgenerated when '' then pg_get_expr(d.adbin, 0) end as default_expression
         from pg_class c join pg_attribute a on a.attrelid = c.oid and (attnum > 0 or attnum = -1) and not attisdropped
              join pg_type t on t.oid = atttypid
              left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = attnum{NOTNULLJOIN}{NOTNULLCOMMENTJOIN}
         where c.relkind in ('r', 'p', 'f') and c.relnamespace = any({NSP})",
    ),
    in_schema(
        Kind::Default,
        "pg_attrdef",
        "select d.oid, d.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(attname) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent, 'view' as parent_kind,
                quote_ident(attname) as name, quote_ident(nspname) || '.' || quote_ident(relname) as \"table\", pg_get_expr(adbin, 0) as expression
         from pg_class c join pg_namespace n on n.oid = relnamespace join pg_attrdef d on adrelid = c.oid
              join pg_attribute a on a.attrelid = c.oid and a.attnum = adnum
         where c.relkind = 'v' and n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Partition,
        "pg_inherits",
        "select c.oid, c.xmin as stamp, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
                quote_ident(n.nspname) || '.' || quote_ident(c.relname) as parent, 'table' as parent_kind,
                quote_ident(pn.nspname) || '.' || quote_ident(p.relname) as \"of\", pg_get_expr(c.relpartbound, c.oid) as bound,
                case when inhdetachpending then 'true' end as detach_pending,
                (select string_agg(quote_ident(k.conname) || E'\\t' || pg_get_constraintdef(k.oid), E'\\n' order by k.conname)
                   from pg_constraint k join pg_constraint pk on pk.oid = k.conparentid and pk.conrelid <> k.conrelid
                  where k.conrelid = c.oid and k.contype in ('f', 'x')) as inherited_keys
         from pg_inherits i join pg_class c on c.oid = inhrelid join pg_class p on p.oid = inhparent
              join pg_namespace n on n.oid = c.relnamespace join pg_namespace pn on pn.oid = p.relnamespace
         where c.relispartition and c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})",
    ),
    in_schema(
        Kind::Constraint,
        "pg_constraint",
        "with c as materialized (
           select c.oid, relkind from pg_class c where c.relkind in ('r', 'p', 'f') and relnamespace = any({NSP})
              and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e'))
         select k.oid, k.xmin as stamp, conrelid as relation_and_schema, quote_ident(conname) as name,
                case contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
                  when 'c' then 'check' when 'x' then 'exclusion' end as type,
                case when key then concat(contype, confupdtype, confdeltype, confmatchtype, condeferrable, condeferred, convalidated, confdelsetcols) end as key_shape,
                case when not key then pg_get_constraintdef(k.oid) end as definition,
                f.oid as foreign_relation,
                case when contype = 'f' and f.oid is null then (select quote_ident(fn.nspname) || '.' || quote_ident(o.relname)
                  from pg_class o join pg_namespace fn on fn.oid = o.relnamespace where o.oid = confrelid) end as \"references\",
                conkey::text as columns_of,
                case when contype in ('p', 'u', 'x') and ix.indnatts > cardinality(conkey) then ix.indkey::text end as included_too,
                case when contype = 'f' then confkey::text end as foreign_columns_of,
                case when contype = 'f' and f.oid is null then
                  (select string_agg(quote_ident(attname), E'\\n' order by ord) from unnest(confkey) with ordinality u(num, ord)
                    join pg_attribute a on a.attrelid = confrelid and a.attnum = num) end as foreign_columns,
                case when ic.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(ic.reloptions) o) end as index_options,
                case when ic.reltablespace <> 0 and contype in ('p', 'u', 'x') then (select quote_ident(spcname) from pg_tablespace s where s.oid = ic.reltablespace) end as tablespace,
                case when contype in ('p', 'u') and plain then quote_ident(ic.relname) end as index_of,
                case when contype in ('p', 'u') and plain is not true then pg_get_indexdef(conindid) end as index_definition,
                case when ix.indisclustered and contype in ('p', 'u', 'x') then 'true' end as clustered,
                case when ix.indisreplident and contype in ('p', 'u', 'x') then 'true' end as replica_identity,
                case when coninhcount > 0 and not conislocal then 'true' end as inherited,
                case when connoinherit and contype = 'c' then 'true' end as no_inherit
         from pg_constraint k join c on c.oid = conrelid left join c f on f.oid = confrelid
              left join pg_class ic on ic.oid = conindid left join pg_index ix on ix.indexrelid = conindid
              cross join lateral (select contype = 'f' and f.oid is not null{PLAINKEY}
                or contype in ('p', 'u') and ix.indnatts = cardinality(conkey) and not ix.indnullsnotdistinct{PLAINKEY} as key) s
              cross join lateral (select key and c.relkind = 'r' and ic.relam = 403 and ic.reloptions is null as plain) p
         where contype in ('p', 'u', 'f', 'c', 'x') and (conparentid = 0 or contype not in ('f', 'x'))",
    ),
    in_schema(
        Kind::Index,
        "pg_class",
        "with t as materialized (
           select c.oid, relkind, quote_ident(nspname) as schema, quote_ident(nspname) || '.' || quote_ident(relname) as qualified
             from pg_class c join pg_namespace n on n.oid = relnamespace
            where c.relkind in ('r', 'p', 'm') and n.oid = any({NSP})
              and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_class'::regclass and deptype = 'e'))
         select c.oid, c.xmin as stamp, i.xmin as defined, t.schema || '.' || quoted as key, t.qualified as parent,
                case t.relkind when 'm' then 'materialized view' else 'table' end as parent_kind, indrelid as index_relation,
                t.schema, quoted as name,
                case when plain and indpred is not null then pg_get_expr(indpred, indrelid) end as index_where,
                case when plain then concat_ws('/', indisunique, indkey, indclass, indcollation, indoption) end as index_shape,
                case when not plain then pg_get_indexdef(c.oid) end as definition,
                case when indisunique then 'true' end as \"unique\",
                case when c.relkind = 'I' then 'true' end as partitioned,
                case when c.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(c.reloptions) o) end as options,
                array_to_string(c.reloptions, E'\\n') as options_in_order,
                case when indexprs is not null then (select string_agg(attnum || E'\\t' || attstattarget, E'\\n' order by attnum)
                  from pg_attribute a where a.attrelid = c.oid and attnum > 0 and attstattarget >= 0) end as statistics,
                case when c.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
                case when indisclustered then 'true' end as clustered,
                case when indisreplident then 'true' end as replica_identity,
                case when not indisvalid and c.relkind = 'i' then 'true' end as invalid
         from pg_index i join pg_class c on c.oid = indexrelid join t on t.oid = indrelid
              cross join lateral (select quote_ident(c.relname) as quoted offset 0) names
              cross join lateral (select t.relkind = 'r' and c.relam = 403 and c.reloptions is null and indexprs is null
                and indnatts = indnkeyatts and not indnullsnotdistinct as plain) p
         where not exists (select from pg_constraint k where k.conindid = c.oid and contype in ('p', 'u', 'x'))",
    ),
    in_schema(
        Kind::IndexAttach,
        "pg_inherits",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
                coalesce(quote_ident(n.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(k.conname),
                  quote_ident(n.nspname) || '.' || quote_ident(c.relname)) as parent,
                case when k.oid is null then 'index' else 'constraint' end as parent_kind,
                quote_ident(pn.nspname) || '.' || quote_ident(p.relname) as \"of\",
                case when pk.oid is not null then quote_ident(pn.nspname) || '.' || quote_ident(pt.relname) || '.' || quote_ident(pk.conname) end as of_constraint
         from pg_inherits i join pg_class c on c.oid = inhrelid join pg_class p on p.oid = inhparent
              join pg_namespace n on n.oid = c.relnamespace join pg_namespace pn on pn.oid = p.relnamespace
              join pg_index ix on ix.indexrelid = c.oid join pg_class t on t.oid = ix.indrelid
              join pg_index pix on pix.indexrelid = p.oid join pg_class pt on pt.oid = pix.indrelid
              left join pg_constraint k on k.conindid = c.oid and k.contype in ('p', 'u', 'x')
              left join pg_constraint pk on pk.conindid = p.oid and pk.contype in ('p', 'u', 'x')
         where c.relkind in ('i', 'I') and n.oid = any({NSP}) and k.contype is distinct from 'x'",
    ),
    in_schema(
        Kind::Statistics,
        "pg_statistic_ext",
        "select s.oid, s.xmin as stamp, quote_ident(n.nspname) || '.' || quote_ident(stxname) as key, quote_ident(n.nspname) as schema,
                quote_ident(stxname) as name, quote_ident(pg_get_userbyid(stxowner)) as owner,
                pg_get_statisticsobjdef(s.oid) as definition, case when stxstattarget >= 0 then stxstattarget::text end as target
         from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace where n.oid = any({NSP})",
    ),
];
