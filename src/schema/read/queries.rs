//! The catalog queries, one for each kind of object. Every one is set-based, so their number never grows with the
//! number of tables.
//!
//! The column `key` is the object's identity, `oid`/`sub` its address; `parent` and `parent_kind` name what it is a
//! part of, `owner` its owner. Every other column is an attribute of the fact and compared as text. `{NSP}` is
//! replaced by the OIDs of the schemas that are read.

use super::super::model::Kind;

/// What one query reads: the kind of its facts, the catalog their OIDs live in, the least server version, the SQL.
pub(super) struct Query {
    pub(super) kind: Kind,
    pub(super) catalog: &'static str,
    /// Is the object in no schema, so that it is left out when only some schemas are asked for?
    pub(super) database_wide: bool,
    pub(super) sql: &'static str,
}

const fn q(kind: Kind, catalog: &'static str, sql: &'static str) -> Query {
    Query { kind, catalog, database_wide: false, sql }
}

const fn wide(kind: Kind, catalog: &'static str, sql: &'static str) -> Query {
    Query { kind, catalog, database_wide: true, sql }
}

pub(super) const QUERIES: &[Query] = &[
    q(
        Kind::Schema,
        "pg_namespace",
        "select n.oid, quote_ident(nspname) as key, quote_ident(nspname) as name, pg_get_userbyid(nspowner) as owner
         from pg_namespace n where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::Extension,
        "pg_extension",
        "select x.oid, quote_ident(extname) as key, quote_ident(extname) as name, pg_get_userbyid(extowner) as owner,
                quote_ident(nspname) as schema, case when extrelocatable then 'true' end as relocatable,
                extversion as version
         from pg_extension x join pg_namespace n on n.oid = extnamespace where extname <> 'plpgsql'",
    ),
    q(
        Kind::Table,
        "pg_class",
        "select c.oid, quote_ident(nspname) || '.' || quote_ident(c.relname) as key, quote_ident(nspname) as schema,
                quote_ident(c.relname) as name, pg_get_userbyid(c.relowner) as owner,
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
                  (select array_agg('toast.' || o order by n) from unnest(toast.reloptions) with ordinality x(o, n)) end, E'\\n') as \"@options\",
                case when c.relrowsecurity then 'true' end as row_security,
                case when c.relforcerowsecurity then 'true' end as force_row_security,
                case when c.relkind <> 'f' then case c.relreplident when 'n' then 'nothing' when 'f' then 'full' end end as replica_identity,
                case when c.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
                (select quote_ident(amname) from pg_am a where a.oid = c.relam and amname <> 'heap') as access_method
         from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_class toast on toast.oid = c.reltoastrelid
         where c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Column,
        "pg_class",
        "with c as materialized (
           select c.oid, relname, quote_ident(nspname) || '.' || quote_ident(relname) as qualified
             from pg_class c join pg_namespace n on n.oid = relnamespace
            where c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})
              and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
         select c.oid, a.attnum::int4 as sub, a.xmin as stamp, qualified || '.' || quoted as key,
                qualified as parent, 'table' as parent_kind,
                quoted as name, format_type(atttypid, atttypmod) as type,
                case when attcollation <> typcollation then
                  (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co
                     join pg_namespace cn on cn.oid = collnamespace where co.oid = attcollation) end as collation,
                case when attnotnull then 'true' end as not_null,
                {NOTNULL}
                case attgenerated when 's' then pg_get_expr(d.adbin, d.adrelid) end as generated,
                case attgenerated when 'v' then pg_get_expr(d.adbin, d.adrelid) end as generated_virtual,
                case attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
                sq.key as identity_sequence, sq.options as identity_options,
                case when attstorage <> typstorage then case attstorage when 'p' then 'plain' when 'e' then 'external'
                  when 'x' then 'extended' when 'm' then 'main' end end as storage,
                case attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression,
                case when attstattarget >= 0 then attstattarget::text end as statistics,
                case when attoptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(attoptions) o) end as options,
                case when attfdwoptions is not null then
                  (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name)
                     from pg_options_to_table(attfdwoptions)) end as fdw_options,
                case when attinhcount > 0 and not attislocal then 'true' end as inherited,
                case when attinhcount > 0 then 'true' end as has_parent
         from c join pg_attribute a on a.attrelid = c.oid and attnum > 0 and not attisdropped
              join pg_type t on t.oid = atttypid
              cross join lateral (select quote_ident(attname) as quoted offset 0) names
              left join pg_attrdef d on d.adrelid = c.oid and d.adnum = attnum and attgenerated <> ''
              left join (select dp.refobjid, dp.refobjsubid,
                                quote_ident(sn.nspname) || '.' || quote_ident(sc.relname) as key,
                                format(E'START WITH %s\\nINCREMENT BY %s\\n%s\\n%s\\nCACHE %s\\n%s', seqstart, seqincrement,
                                  case when seqmin = case when seqincrement > 0 then 1 else case seqtypid when 21 then -32768 when 23 then -2147483648 else -9223372036854775808 end end then 'NO MINVALUE' else 'MINVALUE ' || seqmin end,
                                  case when seqmax = case when seqincrement < 0 then -1 else case seqtypid when 21 then 32767 when 23 then 2147483647 else 9223372036854775807 end end then 'NO MAXVALUE' else 'MAXVALUE ' || seqmax end,
                                  seqcache, case when seqcycle then 'CYCLE' else 'NO CYCLE' end) as options
                           from pg_depend dp join pg_sequence sq on sq.seqrelid = dp.objid join pg_class sc on sc.oid = dp.objid
                                join pg_namespace sn on sn.oid = sc.relnamespace
                          where dp.classid = 'pg_class'::regclass and dp.refclassid = 'pg_class'::regclass and dp.deptype = 'i') sq
                on attidentity <> '' and sq.refobjid = c.oid and sq.refobjsubid = a.attnum",
    ),
    q(
        Kind::Default,
        "pg_attrdef",
        "with c as materialized (
           select c.oid, relkind, quote_ident(nspname) || '.' || quote_ident(relname) as qualified
             from pg_class c join pg_namespace n on n.oid = relnamespace
            where c.relkind in ('r', 'p', 'f', 'v') and n.oid = any({NSP})
              and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
         select d.oid, qualified || '.' || quoted as key,
                case when relkind = 'v' then qualified else qualified || '.' || quoted end as parent,
                case when relkind = 'v' then 'view' else 'column' end as parent_kind,
                quoted as name, qualified as \"table\", pg_get_expr(adbin, 0) as expression
         from pg_attrdef d join c on c.oid = adrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = adnum
              cross join lateral (select quote_ident(attname) as quoted offset 0) names
         where attgenerated = ''",
    ),
    q(
        Kind::Partition,
        "pg_inherits",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
                quote_ident(n.nspname) || '.' || quote_ident(c.relname) as parent, 'table' as parent_kind,
                quote_ident(pn.nspname) || '.' || quote_ident(p.relname) as \"of\", pg_get_expr(c.relpartbound, c.oid) as bound,
                case when inhdetachpending then 'true' end as detach_pending
         from pg_inherits i join pg_class c on c.oid = inhrelid join pg_class p on p.oid = inhparent
              join pg_namespace n on n.oid = c.relnamespace join pg_namespace pn on pn.oid = p.relnamespace
         where c.relispartition and c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})",
    ),
    q(
        Kind::Constraint,
        "pg_constraint",
        "with c as materialized (
           select c.oid, relkind, quote_ident(nspname) as schema, quote_ident(nspname) || '.' || quote_ident(relname) as qualified
             from pg_class c join pg_namespace n on n.oid = relnamespace
            where c.relkind in ('r', 'p', 'f') and n.oid = any({NSP})
              and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
         select k.oid, c.qualified || '.' || quoted as key, c.qualified as parent, 'table' as parent_kind,
                c.schema, quoted as name,
                case contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
                  when 'c' then 'check' when 'x' then 'exclusion' end as type,
                pg_get_constraintdef(k.oid) as definition,
                case when contype = 'f' then coalesce(f.qualified, (select quote_ident(fn.nspname) || '.' || quote_ident(o.relname)
                  from pg_class o join pg_namespace fn on fn.oid = o.relnamespace where o.oid = confrelid)) end as \"references\",
                columns,
                case when contype = 'f' then case cardinality(confkey)
                  when 1 then (select quote_ident(attname) from pg_attribute a where a.attrelid = confrelid and a.attnum = confkey[1])
                  else (select string_agg(quote_ident(attname), E'\\n' order by ord) from unnest(confkey) with ordinality u(num, ord)
                    join pg_attribute a on a.attrelid = confrelid and a.attnum = num) end end as foreign_columns,
                case when ic.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(ic.reloptions) o) end as index_options,
                case when ic.reltablespace <> 0 and contype in ('p', 'u', 'x') then (select quote_ident(spcname) from pg_tablespace s where s.oid = ic.reltablespace) end as tablespace,
                case when contype in ('p', 'u') then
                  case when c.relkind = 'r' and ic.relam = 403 and ic.reloptions is null and ix.indnatts = cardinality(conkey) and not ix.indnullsnotdistinct
                    then 'CREATE UNIQUE INDEX ' || quote_ident(ic.relname) || ' ON ' || c.qualified ||
                      ' USING btree (' || replace(columns, E'\\n', ', ') || ')'
                    else pg_get_indexdef(conindid) end end as index_definition,
                case when ix.indisclustered and contype in ('p', 'u', 'x') then 'true' end as clustered,
                case when ix.indisreplident and contype in ('p', 'u', 'x') then 'true' end as replica_identity,
                case when coninhcount > 0 and not conislocal then 'true' end as inherited,
                case when connoinherit and contype = 'c' then 'true' end as no_inherit
         from pg_constraint k join c on c.oid = conrelid left join c f on f.oid = confrelid
              left join pg_class ic on ic.oid = conindid left join pg_index ix on ix.indexrelid = conindid
              cross join lateral (select case cardinality(conkey)
                when 1 then (select quote_ident(attname) from pg_attribute a where a.attrelid = conrelid and a.attnum = conkey[1])
                else (select string_agg(quote_ident(attname), E'\\n' order by ord) from unnest(conkey) with ordinality u(num, ord)
                  join pg_attribute a on a.attrelid = conrelid and a.attnum = num) end as columns, quote_ident(conname) as quoted offset 0) keys
         where contype in ('p', 'u', 'f', 'c', 'x') and (conparentid = 0 or contype <> 'f')",
    ),
    q(
        Kind::Index,
        "pg_class",
        "with t as materialized (
           select c.oid, relkind, quote_ident(nspname) as schema, quote_ident(nspname) || '.' || quote_ident(relname) as qualified
             from pg_class c join pg_namespace n on n.oid = relnamespace
            where c.relkind in ('r', 'p', 'm') and n.oid = any({NSP})
              and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e'))
         select c.oid, t.schema || '.' || quoted as key, t.qualified as parent,
                case t.relkind when 'm' then 'materialized view' else 'table' end as parent_kind,
                t.schema, quoted as name, pg_get_indexdef(c.oid) as definition,
                case when indisunique then 'true' end as \"unique\",
                case when c.relkind = 'I' then 'true' end as partitioned,
                case when c.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(c.reloptions) o) end as options,
                array_to_string(c.reloptions, E'\\n') as \"@options\",
                case when indexprs is not null then (select string_agg(attnum || E'\\t' || attstattarget, E'\\n' order by attnum)
                  from pg_attribute a where a.attrelid = c.oid and attnum > 0 and attstattarget >= 0) end as statistics,
                case when c.reltablespace <> 0 then (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
                case when indisclustered then 'true' end as clustered,
                case when indisreplident then 'true' end as replica_identity,
                case when not indisvalid and c.relkind = 'i' then 'true' end as invalid
         from pg_index i join pg_class c on c.oid = indexrelid join t on t.oid = indrelid
              cross join lateral (select quote_ident(c.relname) as quoted offset 0) names
         where not exists (select from pg_constraint k where k.conindid = c.oid and contype in ('p', 'u', 'x'))",
    ),
    q(
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
         where c.relkind in ('i', 'I') and n.oid = any({NSP})",
    ),
    q(
        Kind::Sequence,
        "pg_class",
        "select c.oid, quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, pg_get_userbyid(relowner) as owner, format_type(seqtypid, null) as type,
                case relpersistence when 'u' then 'unlogged' end as persistence,
                seqstart::text as start, seqincrement::text as increment,
                case when seqmin <> case when seqincrement > 0 then 1 else case seqtypid when 21 then -32768 when 23 then -2147483648 else -9223372036854775808 end end then seqmin::text end as minvalue,
                case when seqmax <> case when seqincrement < 0 then -1 else case seqtypid when 21 then 32767 when 23 then 2147483647 else 9223372036854775807 end end then seqmax::text end as maxvalue,
                seqcache::text as cache, case when seqcycle then 'true' end as cycle
         from pg_sequence s join pg_class c on c.oid = seqrelid join pg_namespace n on n.oid = relnamespace
         where n.oid = any({NSP}) and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid
                 and (e.deptype = 'e' or e.deptype = 'i' and e.refclassid = 'pg_class'::regclass))",
    ),
    q(
        Kind::SequenceOwner,
        "pg_sequence",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as key,
                quote_ident(n.nspname) || '.' || quote_ident(c.relname) as parent, 'sequence' as parent_kind,
                quote_ident(tn.nspname) || '.' || quote_ident(t.relname) || '.' || quote_ident(attname) as \"column\",
                quote_ident(tn.nspname) || '.' || quote_ident(t.relname) as \"table\"
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
              join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
                   and d.refobjsubid > 0 and d.deptype = 'a'
              join pg_class t on t.oid = d.refobjid join pg_namespace tn on tn.oid = t.relnamespace
              join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
         where c.relkind = 'S' and n.oid = any({NSP})",
    ),
    q(
        Kind::View,
        "pg_class",
        "select c.oid, quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, pg_get_userbyid(relowner) as owner,
                rtrim(pg_get_viewdef(c.oid), ';') as definition,
                case when c.reloptions is not null then (select string_agg(o, E'\\n' order by o) from unnest(c.reloptions) o) end as options,
                array_to_string(c.reloptions, E'\\n') as \"@options\",
                (select string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) || ' ' || attcollation::text, E'\\n' order by attnum)
                   from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped) as \"@columns\"
         from pg_class c join pg_namespace n on n.oid = relnamespace
         where c.relkind = 'v' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    q(
        Kind::MaterializedView,
        "pg_class",
        "select c.oid, quote_ident(nspname) || '.' || quote_ident(relname) as key, quote_ident(nspname) as schema,
                quote_ident(relname) as name, pg_get_userbyid(relowner) as owner,
                rtrim(pg_get_viewdef(c.oid), ';') as definition,
                (select string_agg(o, E'\\n' order by o) from
                   (select unnest(c.reloptions) union all select 'toast.' || unnest(t.reloptions) from pg_class t where t.oid = c.reltoastrelid) u(o)) as options,
                array_to_string(c.reloptions || (select array_agg('toast.' || o order by n) from pg_class t, unnest(t.reloptions) with ordinality x(o, n) where t.oid = c.reltoastrelid), E'\\n') as \"@options\",
                (select string_agg(quote_ident(attname) || E'\\t' || attstattarget, E'\\n' order by attnum) from pg_attribute a
                  where a.attrelid = c.oid and attnum > 0 and attstattarget >= 0) as statistics,
                (select string_agg(quote_ident(attname) || E'\\t' || case attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end, E'\\n' order by attnum)
                   from pg_attribute a join pg_type ty on ty.oid = atttypid where a.attrelid = c.oid and attnum > 0 and attstorage <> typstorage) as storage,
                (select string_agg(quote_ident(attname) || E'\\t' || case typstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'x' then 'EXTENDED' else 'MAIN' end, E'\\n' order by attnum)
                   from pg_attribute a join pg_type ty on ty.oid = atttypid where a.attrelid = c.oid and attnum > 0 and attstorage <> typstorage) as \"@defaults\",
                (select quote_ident(spcname) from pg_tablespace s where s.oid = c.reltablespace) as tablespace,
                (select quote_ident(amname) from pg_am a where a.oid = c.relam and amname <> 'heap') as access_method,
                case when not relispopulated then 'true' end as \"@unpopulated\"
         from pg_class c join pg_namespace n on n.oid = relnamespace
         where c.relkind = 'm' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Function,
        "pg_proc",
        "select p.oid, quote_ident(nspname) || '.' || quote_ident(proname) || '(' || oidvectortypes(proargtypes) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(proname) as name, pg_get_userbyid(proowner) as owner,
                case prokind when 'p' then 'procedure' when 'w' then 'window' else 'function' end as type,
                pg_get_functiondef(p.oid) as definition,
                pg_get_function_arguments(p.oid) as \"@arguments\",
                pg_get_function_identity_arguments(p.oid) as \"@identity\",
                pg_get_function_result(p.oid) as \"@result\",
                array_to_string(proargnames, E'\\n', '') as \"@names\", pronargdefaults::text as \"@defaults\"
         from pg_proc p join pg_namespace n on n.oid = pronamespace
         where prokind <> 'a' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'i')",
    ),
    q(
        Kind::Aggregate,
        "pg_proc",
        "select p.oid, quote_ident(nspname) || '.' || quote_ident(proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(proname) as name, pg_get_userbyid(proowner) as owner,
                pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as \"@result\",
                case aggkind when 'o' then 'ordered' when 'h' then 'hypothetical' end as type,
                aggtransfn::regproc::text as sfunc, format_type(aggtranstype, null) as stype,
                nullif(aggtransspace, 0)::text as sspace,
                case when aggfinalfn <> 0 then aggfinalfn::regproc::text end as finalfunc,
                case when aggfinalextra then 'true' end as finalfunc_extra,
                case when aggfinalfn <> 0 then aggfinalmodify::text end as finalfunc_modify,
                case when aggcombinefn <> 0 then aggcombinefn::regproc::text end as combinefunc,
                case when aggserialfn <> 0 then aggserialfn::regproc::text end as serialfunc,
                case when aggdeserialfn <> 0 then aggdeserialfn::regproc::text end as deserialfunc,
                agginitval as initcond,
                case when aggmtransfn <> 0 then aggmtransfn::regproc::text end as msfunc,
                case when aggminvtransfn <> 0 then aggminvtransfn::regproc::text end as minvfunc,
                case when aggmtranstype <> 0 then format_type(aggmtranstype, null) end as mstype,
                nullif(aggmtransspace, 0)::text as msspace,
                case when aggmfinalfn <> 0 then aggmfinalfn::regproc::text end as mfinalfunc,
                case when aggmfinalextra then 'true' end as mfinalfunc_extra,
                case when aggmfinalfn <> 0 then aggmfinalmodify::text end as mfinalfunc_modify,
                aggminitval as minitcond,
                (select 'OPERATOR(' || quote_ident(on_.nspname) || '.' || oprname || ')' from pg_operator o join pg_namespace on_ on on_.oid = oprnamespace
                  where o.oid = aggsortop) as sortop,
                case proparallel when 's' then 'safe' when 'r' then 'restricted' end as parallel
         from pg_aggregate g join pg_proc p on p.oid = aggfnoid join pg_namespace n on n.oid = pronamespace
         where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Enum,
        "pg_type",
        "select t.oid, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, pg_get_userbyid(typowner) as owner,
                (select string_agg(quote_literal(enumlabel), E'\\n' order by enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels
         from pg_type t join pg_namespace n on n.oid = typnamespace where typtype = 'e' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Domain,
        "pg_type",
        "select t.oid, quote_ident(nspname) || '.' || quote_ident(t.typname) as key, quote_ident(nspname) as schema,
                quote_ident(t.typname) as name, pg_get_userbyid(t.typowner) as owner,
                format_type(t.typbasetype, t.typtypmod) as type,
                case when t.typcollation <> b.typcollation then
                  (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co
                     join pg_namespace cn on cn.oid = collnamespace where co.oid = t.typcollation) end as collation,
                case when t.typnotnull then 'true' end as not_null,
                {DOMAINNOTNULL}
                t.typdefault as default_text, pg_get_expr(t.typdefaultbin, 0) as \"default\"
         from pg_type t join pg_namespace n on n.oid = t.typnamespace join pg_type b on b.oid = t.typbasetype
         where t.typtype = 'd' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::DomainConstraint,
        "pg_constraint",
        "select k.oid, quote_ident(nspname) || '.' || quote_ident(typname) || '.' || quote_ident(conname) as key,
                quote_ident(nspname) || '.' || quote_ident(typname) as parent, 'domain' as parent_kind,
                quote_ident(conname) as name, pg_get_constraintdef(k.oid) as definition
         from pg_constraint k join pg_type t on t.oid = contypid join pg_namespace n on n.oid = typnamespace
         where contype = 'c' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Composite,
        "pg_type",
        "select t.oid, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, pg_get_userbyid(typowner) as owner,
                (select string_agg(quote_ident(attname) || E'\\t' || format_type(atttypid, atttypmod) ||
                   case when attcollation <> at.typcollation then ' COLLATE ' || (select quote_ident(cn.nspname) || '.' || quote_ident(collname)
                     from pg_collation co join pg_namespace cn on cn.oid = collnamespace where co.oid = attcollation) else '' end,
                   E'\\n' order by attnum)
                   from pg_attribute a join pg_type at on at.oid = atttypid where a.attrelid = c.oid and attnum > 0 and not attisdropped) as attributes
         from pg_type t join pg_class c on c.oid = t.typrelid join pg_namespace n on n.oid = typnamespace
         where c.relkind = 'c' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Range,
        "pg_type",
        "select t.oid, quote_ident(nspname) || '.' || quote_ident(typname) as key, quote_ident(nspname) as schema,
                quote_ident(typname) as name, pg_get_userbyid(typowner) as owner, format_type(rngsubtype, null) as subtype,
                (select quote_ident(mn.nspname) || '.' || quote_ident(mt.typname) from pg_type mt join pg_namespace mn on mn.oid = mt.typnamespace where mt.oid = rngmultitypid) as multirange,
                (select quote_ident(oc_n.nspname) || '.' || quote_ident(opcname) from pg_opclass oc join pg_namespace oc_n on oc_n.oid = opcnamespace
                  where oc.oid = rngsubopc and not opcdefault) as subtype_opclass,
                (select quote_ident(cn.nspname) || '.' || quote_ident(collname) from pg_collation co join pg_namespace cn on cn.oid = collnamespace
                   where co.oid = rngcollation and rngcollation <> (select typcollation from pg_type s where s.oid = rngsubtype)) as collation,
                case when rngcanonical <> 0 then rngcanonical::regproc::text end as canonical,
                case when rngsubdiff <> 0 then rngsubdiff::regproc::text end as subtype_diff
         from pg_range r join pg_type t on t.oid = rngtypid join pg_namespace n on n.oid = typnamespace
         where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Trigger,
        "pg_trigger",
        "select t.oid, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(tgname) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent,
                case relkind when 'v' then 'view' else 'table' end as parent_kind, quote_ident(tgname) as name,
                pg_get_triggerdef(t.oid) as definition, case when tgconstraint <> 0 then 'true' end as \"@constraint\",
                case tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled
         from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
         where not tgisinternal and tgparentid = 0 and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_trigger'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Rule,
        "pg_rewrite",
        "select r.oid, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(rulename) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent,
                case relkind when 'v' then 'view' else 'table' end as parent_kind, quote_ident(rulename) as name,
                rtrim(pg_get_ruledef(r.oid), ';') as definition,
                case ev_enabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled
         from pg_rewrite r join pg_class c on c.oid = ev_class join pg_namespace n on n.oid = relnamespace
         where rulename <> '_RETURN' and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Policy,
        "pg_policy",
        "select p.oid, quote_ident(nspname) || '.' || quote_ident(relname) || '.' || quote_ident(polname) as key,
                quote_ident(nspname) || '.' || quote_ident(relname) as parent, 'table' as parent_kind, quote_ident(polname) as name,
                case when not polpermissive then 'true' end as restrictive,
                case polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL' end as command,
                coalesce(nullif((select string_agg(quote_ident(rolname), ', ' order by rolname) from pg_roles where oid = any(polroles)), ''), 'PUBLIC') as roles,
                pg_get_expr(polqual, polrelid) as \"using\", pg_get_expr(polwithcheck, polrelid) as with_check
         from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace where n.oid = any({NSP})",
    ),
    q(
        Kind::Statistics,
        "pg_statistic_ext",
        "select s.oid, quote_ident(n.nspname) || '.' || quote_ident(stxname) as key, quote_ident(n.nspname) as schema,
                quote_ident(stxname) as name, pg_get_userbyid(stxowner) as owner,
                pg_get_statisticsobjdef(s.oid) as definition, case when stxstattarget >= 0 then stxstattarget::text end as target
         from pg_statistic_ext s join pg_namespace n on n.oid = stxnamespace where n.oid = any({NSP})",
    ),
    q(
        Kind::Collation,
        "pg_collation",
        "select c.oid, quote_ident(nspname) || '.' || quote_ident(collname) as key, quote_ident(nspname) as schema,
                quote_ident(collname) as name, pg_get_userbyid(collowner) as owner,
                case collprovider when 'i' then 'icu' when 'c' then 'libc' when 'b' then 'builtin' when 'd' then 'default' end as provider,
                {COLLATIONLOCALE}
                case when not collisdeterministic then 'true' end as nondeterministic
         from pg_collation c join pg_namespace n on n.oid = collnamespace where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_collation'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    q(
        Kind::Operator,
        "pg_operator",
        "select o.oid, quote_ident(nspname) || '.' || oprname || ' (' ||
                  case when oprleft = 0 then 'NONE' else format_type(oprleft, null) end || ', ' || format_type(oprright, null) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(nspname) || '.' || oprname as name, pg_get_userbyid(oprowner) as owner,
                oprcode::regproc::text as function,
                case when oprleft <> 0 then format_type(oprleft, null) end as leftarg, format_type(oprright, null) as rightarg,
                (select 'OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprcom) as commutator,
                (select 'OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprnegate) as negator,
                case when oprrest <> 0 then oprrest::regproc::text end as restrict,
                case when oprjoin <> 0 then oprjoin::regproc::text end as \"join\",
                case when oprcanhash then 'true' end as hashes, case when oprcanmerge then 'true' end as merges
         from pg_operator o join pg_namespace n on n.oid = oprnamespace where oprcode <> 0 and n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_operator'::regclass and e.objid = o.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::Cast,
        "pg_cast",
        "select c.oid, '(' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')' as key,
                '(' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')' as name,
                case castmethod when 'i' then 'WITH INOUT' when 'b' then 'WITHOUT FUNCTION' else 'WITH FUNCTION ' || castfunc::regprocedure::text end as method,
                case castcontext when 'a' then 'assignment' when 'i' then 'implicit' end as context
         from pg_cast c where c.oid >= 16384
           and not exists (select from pg_depend e where e.classid = 'pg_cast'::regclass and e.objid = c.oid and e.deptype = 'i')
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = c.castfunc and e.deptype = 'i')
           and not exists (select from pg_depend e where e.classid = 'pg_cast'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::EventTrigger,
        "pg_event_trigger",
        "select t.oid, quote_ident(evtname) as key, quote_ident(evtname) as name, pg_get_userbyid(evtowner) as owner, evtevent as event,
                evtfoid::regproc::text as function,
                (select string_agg(quote_literal(v), ', ' order by v) from unnest(evttags) v) as tags,
                case evtenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as enabled
         from pg_event_trigger t where not exists (select from pg_depend e where e.classid = 'pg_event_trigger'::regclass and e.objid = t.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::Publication,
        "pg_publication",
        "select p.oid, quote_ident(pubname) as key, quote_ident(pubname) as name, pg_get_userbyid(pubowner) as owner,
                case when puballtables then 'true' end as all_tables,
                concat_ws(', ', case when pubinsert then 'insert' end, case when pubupdate then 'update' end,
                  case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end) as publish,
                case when pubviaroot then 'true' end as via_root{PUBLICATION}
         from pg_publication p",
    ),
    wide(
        Kind::PublicationTable,
        "pg_publication_rel",
        "select r.oid, quote_ident(pubname) || ' ' || quote_ident(nspname) || '.' || quote_ident(relname) as key,
                quote_ident(pubname) as parent, 'publication' as parent_kind,
                quote_ident(nspname) || '.' || quote_ident(relname) as \"table\", pg_get_expr(prqual, prrelid) as \"where\",
                (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute a where a.attrelid = prrelid and attnum = any(prattrs)) as columns
         from pg_publication_rel r join pg_publication p on p.oid = prpubid join pg_class c on c.oid = prrelid join pg_namespace n on n.oid = relnamespace",
    ),
    wide(
        Kind::PublicationSchema,
        "pg_publication_namespace",
        "select r.oid, quote_ident(pubname) || ' ' || quote_ident(nspname) as key, quote_ident(pubname) as parent,
                'publication' as parent_kind, quote_ident(nspname) as schema
         from pg_publication_namespace r join pg_publication p on p.oid = pnpubid join pg_namespace n on n.oid = pnnspid",
    ),
    wide(
        Kind::ForeignDataWrapper,
        "pg_foreign_data_wrapper",
        "select f.oid, quote_ident(fdwname) as key, quote_ident(fdwname) as name, pg_get_userbyid(fdwowner) as owner,
                case when fdwhandler <> 0 then fdwhandler::regproc::text end as handler,
                case when fdwvalidator <> 0 then fdwvalidator::regproc::text end as validator,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(fdwoptions)) as fdw_options
         from pg_foreign_data_wrapper f
         where not exists (select from pg_depend e where e.classid = 'pg_foreign_data_wrapper'::regclass and e.objid = f.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::Server,
        "pg_foreign_server",
        "select s.oid, quote_ident(srvname) as key, quote_ident(srvname) as name, pg_get_userbyid(srvowner) as owner,
                (select quote_ident(fdwname) from pg_foreign_data_wrapper f where f.oid = srvfdw) as wrapper, srvtype as type, srvversion as version,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(srvoptions)) as fdw_options
         from pg_foreign_server s
         where not exists (select from pg_depend e where e.classid = 'pg_foreign_server'::regclass and e.objid = s.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::UserMapping,
        "pg_user_mapping",
        "select umid as oid, case when umuser = 0 then 'PUBLIC' else quote_ident(usename) end || ' SERVER ' || quote_ident(srvname) as key,
                quote_ident(srvname) as parent, 'server' as parent_kind,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(umoptions)) as fdw_options
         from pg_user_mappings",
    ),
    q(
        Kind::TextSearchDictionary,
        "pg_ts_dict",
        "select d.oid, quote_ident(n.nspname) || '.' || quote_ident(dictname) as key, quote_ident(n.nspname) as schema, quote_ident(dictname) as name,
                pg_get_userbyid(dictowner) as owner,
                (select quote_ident(tn.nspname) || '.' || quote_ident(tmplname) from pg_ts_template t join pg_namespace tn on tn.oid = tmplnamespace where t.oid = dicttemplate) as template,
                dictinitoption as options
         from pg_ts_dict d join pg_namespace n on n.oid = dictnamespace where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_ts_dict'::regclass and e.objid = d.oid and e.deptype = 'e')",
    ),
    q(
        Kind::TextSearchConfiguration,
        "pg_ts_config",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(cfgname) as key, quote_ident(n.nspname) as schema, quote_ident(cfgname) as name,
                pg_get_userbyid(cfgowner) as owner,
                (select quote_ident(pn.nspname) || '.' || quote_ident(prsname) from pg_ts_parser p join pg_namespace pn on pn.oid = prsnamespace where p.oid = cfgparser) as parser,
                (select string_agg(alias || E'\\t' || dicts, E'\\n' order by alias) from
                  (select (select alias from ts_token_type(cfgparser) tt where tt.tokid = maptokentype) as alias,
                          string_agg(quote_ident(dn.nspname) || '.' || quote_ident(dictname), ', ' order by mapseqno) as dicts
                     from pg_ts_config_map m join pg_ts_dict d on d.oid = mapdict join pg_namespace dn on dn.oid = dictnamespace
                    where mapcfg = c.oid group by maptokentype) x) as mappings
         from pg_ts_config c join pg_namespace n on n.oid = cfgnamespace where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_ts_config'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::DefaultPrivileges,
        "pg_default_acl",
        "select d.oid, concat_ws(' ', 'FOR ROLE ' || quote_ident(pg_get_userbyid(defaclrole)), 'IN SCHEMA ' || quote_ident(nspname),
                  'ON ' || case defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS' when 'T' then 'TYPES' when 'n' then 'SCHEMAS' else 'LARGE OBJECTS' end,
                  'TO ' || x.grantee) as key,
                concat_ws(' ', 'FOR ROLE ' || quote_ident(pg_get_userbyid(defaclrole)), 'IN SCHEMA ' || quote_ident(nspname)) as scope,
                case defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS' when 'T' then 'TYPES' when 'n' then 'SCHEMAS' else 'LARGE OBJECTS' end as objects,
                quote_ident(pg_get_userbyid(defaclrole)) as role, quote_ident(nspname) as schema, x.grantee as grantee, x.granted as granted, x.revoked as revoked
         from pg_default_acl d left join pg_namespace n on n.oid = defaclnamespace
              cross join lateral (
                select case when grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(grantee)) end as grantee,
                       string_agg(privilege_type || case when is_grantable then '*' else '' end, ', ' order by privilege_type) filter (where has and not def) as granted,
                       string_agg(privilege_type, ', ' order by privilege_type) filter (where not has) as revoked
                from (select grantee, privilege_type, bool_or(is_grantable) as is_grantable, bool_or(src = 'acl') as has,
                             bool_or(src = 'def') and not (bool_or(src = 'acl' and is_grantable) and not bool_or(src = 'def' and is_grantable)) as def
                      from (select 'acl' as src, * from aclexplode(defaclacl)
                            union all
                            select 'def', * from aclexplode(case when defaclnamespace = 0 then acldefault((case defaclobjtype when 'S' then 's' else defaclobjtype end)::\"char\", defaclrole) end)) e
                      group by grantee, privilege_type) g
                where not (has and def) group by grantee) x",
    ),
    wide(
        Kind::Language,
        "pg_language",
        "select l.oid, quote_ident(lanname) as key, quote_ident(lanname) as name, pg_get_userbyid(lanowner) as owner,
                case when lanpltrusted then 'true' end as trusted, lanplcallfoid::regproc::text as handler,
                case when laninline <> 0 then laninline::regproc::text end as inline,
                case when lanvalidator <> 0 then lanvalidator::regproc::text end as validator
         from pg_language l where l.oid >= 16384
           and not exists (select from pg_depend e where e.classid = 'pg_language'::regclass and e.objid = l.oid and e.deptype = 'e')",
    ),
    wide(
        Kind::AccessMethod,
        "pg_am",
        "select a.oid, quote_ident(amname) as key, quote_ident(amname) as name, amtype::text as type, amhandler::regproc::text as handler
         from pg_am a where a.oid >= 16384
           and not exists (select from pg_depend e where e.classid = 'pg_am'::regclass and e.objid = a.oid and e.deptype = 'e')",
    ),
    q(
        Kind::OperatorFamily,
        "pg_opfamily",
        "select f.oid, quote_ident(nspname) || '.' || quote_ident(opfname) || ' USING ' || quote_ident(amname) as key, quote_ident(nspname) as schema,
                quote_ident(opfname) as name, pg_get_userbyid(opfowner) as owner,
                (select string_agg(format('OPERATOR %s %s%s', amopstrategy, amopopr::regoperator,
                           coalesce((select ' FOR ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname) from pg_opfamily sf join pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = amopsortfamily), '')), E'\\n' order by amopstrategy, amopopr::regoperator::text)
                   from pg_amop o where amopfamily = f.oid and exists (select from pg_depend d where d.classid = 'pg_amop'::regclass and d.objid = o.oid and d.refclassid = 'pg_opfamily'::regclass)) as operators,
                (select string_agg(format('FUNCTION %s (%s, %s) %s', amprocnum, format_type(amproclefttype, null), format_type(amprocrighttype, null), amproc::regprocedure), E'\\n' order by amprocnum, amproc::regprocedure::text)
                   from pg_amproc o where amprocfamily = f.oid and exists (select from pg_depend d where d.classid = 'pg_amproc'::regclass and d.objid = o.oid and d.refclassid = 'pg_opfamily'::regclass)) as functions
         from pg_opfamily f join pg_namespace n on n.oid = opfnamespace join pg_am a on a.oid = opfmethod where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_opfamily'::regclass and e.objid = f.oid and e.deptype = 'e')",
    ),
    q(
        Kind::OperatorClass,
        "pg_opclass",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(opcname) || ' USING ' || quote_ident(amname) as key, quote_ident(n.nspname) as schema,
                quote_ident(opcname) as name, pg_get_userbyid(opcowner) as owner, case when opcdefault then 'true' end as \"default\",
                format_type(opcintype, null) as type, quote_ident(amname) as method,
                quote_ident(fn.nspname) || '.' || quote_ident(opfname) as family,
                case when opckeytype <> 0 then format_type(opckeytype, null) end as storage,
                (select string_agg(format('OPERATOR %s %s%s', amopstrategy, amopopr::regoperator,
                           coalesce((select ' FOR ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname) from pg_opfamily sf join pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = amopsortfamily), '')), E'\\n' order by amopstrategy, amopopr::regoperator::text)
                   from pg_amop o join pg_depend d on d.classid = 'pg_amop'::regclass and d.objid = o.oid and d.refclassid = 'pg_opclass'::regclass and d.refobjid = c.oid) as operators,
                (select string_agg(format('FUNCTION %s (%s, %s) %s', amprocnum, format_type(amproclefttype, null), format_type(amprocrighttype, null), amproc::regprocedure), E'\\n' order by amprocnum, amproc::regprocedure::text)
                   from pg_amproc o join pg_depend d on d.classid = 'pg_amproc'::regclass and d.objid = o.oid and d.refclassid = 'pg_opclass'::regclass and d.refobjid = c.oid) as functions
         from pg_opclass c join pg_namespace n on n.oid = opcnamespace join pg_am a on a.oid = opcmethod
              join pg_opfamily f on f.oid = opcfamily join pg_namespace fn on fn.oid = opfnamespace where n.oid = any({NSP})
           and not exists (select from pg_depend e where e.classid = 'pg_opclass'::regclass and e.objid = c.oid and e.deptype = 'e')",
    ),
];

/// Objects that are detected and reported but have no plan.
pub(super) const UNCOMPARED: &str = "
    select 'base type ' || t.oid::regtype::text as key, '' as digest from pg_type t
     where typtype = 'b' and typcategory <> 'A' and typnamespace = any({NSP})
       and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
    union all select 'shell type ' || t.oid::regtype::text, '' from pg_type t where typtype = 'p' and typnamespace = any({NSP})
       and not exists (select from pg_depend e where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
    union all select 'conversion ' || quote_ident(conname), concat_ws(' ', conforencoding, contoencoding, conproc::regproc, condefault) from pg_conversion where connamespace = any({NSP})
    union all select 'text search parser ' || quote_ident(prsname), prsstart::regproc::text from pg_ts_parser p where prsnamespace = any({NSP})
       and not exists (select from pg_depend e where e.classid = 'pg_ts_parser'::regclass and e.objid = p.oid and e.deptype = 'e')
    union all select 'text search template ' || quote_ident(tmplname), tmpllexize::regproc::text from pg_ts_template p where tmplnamespace = any({NSP})
       and not exists (select from pg_depend e where e.classid = 'pg_ts_template'::regclass and e.objid = p.oid and e.deptype = 'e')
    union all select 'transform for ' || format_type(trftype, null) || ' language ' || (select lanname from pg_language l where l.oid = trflang), concat_ws(' ', trffromsql::regproc, trftosql::regproc) from pg_transform t
       where not exists (select from pg_depend e where e.classid = 'pg_transform'::regclass and e.objid = t.oid and e.deptype = 'e')
    union all select 'subscription ' || quote_ident(subname), '' from pg_subscription s where subdbid = (select oid from pg_database where datname = current_database())
    union all select 'options of user mapping ' || case when umuser = 0 then 'PUBLIC' else quote_ident(usename) end || ' SERVER ' || quote_ident(m.srvname) || ', hidden from this role', ''
       from pg_user_mappings m join pg_foreign_server s on s.oid = srvid
       where umoptions is null and not (select rolsuper from pg_roles where rolname = current_user)
         and not (umuser = 0 and pg_has_role(srvowner, 'usage')
           or usename = current_user and (pg_has_role(srvowner, 'usage') or has_server_privilege(s.oid, 'usage')))
    union all select 'privilege on ' || c.oid::regclass::text || ' granted by ' || quote_ident(pg_get_userbyid(x.grantor)), string_agg(x.grantee::text || ' ' || privilege_type || is_grantable, ' ' order by x.grantee, privilege_type)
       from pg_class c, aclexplode(relacl) x where x.grantor <> relowner and relnamespace = any({NSP}) group by c.oid, x.grantor
    union all select 'privilege on ' || p.oid::regprocedure::text || ' granted by ' || quote_ident(pg_get_userbyid(x.grantor)), string_agg(x.grantee::text || ' ' || privilege_type || is_grantable, ' ' order by x.grantee, privilege_type)
       from pg_proc p, aclexplode(proacl) x where x.grantor <> proowner and pronamespace = any({NSP}) group by p.oid, x.grantor
    union all select 'privilege on schema ' || nspname || ' granted by ' || quote_ident(pg_get_userbyid(x.grantor)), string_agg(x.grantee::text || ' ' || privilege_type || is_grantable, ' ' order by x.grantee, privilege_type)
       from pg_namespace p, aclexplode(nspacl) x where x.grantor <> nspowner and p.oid = any({NSP}) group by p.oid, nspname, x.grantor
    union all select 'security label on ' || objtype || ' ' || objname, provider || ' ' || label from pg_seclabels where objtype not in ('role', 'database', 'tablespace')
    union all select 'trigger ' || quote_ident(t.tgname) || ' on partition ' || t.tgrelid::regclass::text || ' enabled otherwise than its parent', t.tgenabled::text
       from pg_trigger t join pg_trigger p on p.oid = t.tgparentid join pg_class c on c.oid = t.tgrelid
       where t.tgenabled <> p.tgenabled and not t.tgisinternal and c.relnamespace = any({NSP})
";

/// Every dependency between objects that users made.
pub(super) const DEPENDENCIES: &str = "
    select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text as deptype
    from pg_depend where (objid >= 16384 or classid = 'pg_namespace'::regclass) and refclassid <> 0
       and deptype in ('n', 'a', 'i', 'P', 'S', 'e')";

/// Other addresses of facts: the row type, array type and rewrite rule of a relation, the index of a constraint.
pub(super) const ALIASES: &str = "
    select 'pg_type'::regclass::oid as classid, t.oid as objid, 'pg_class'::regclass::oid as refclassid, typrelid as refobjid
      from pg_type t join pg_class c on c.oid = typrelid where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relnamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, typrelid, 'pg_type'::regclass::oid, t.oid
      from pg_type t join pg_class c on c.oid = typrelid where c.relkind = 'c' and c.relnamespace = any({NSP})
    union all select 'pg_type'::regclass::oid, a.oid, 'pg_type'::regclass::oid, t.oid
      from pg_type t join pg_type a on a.oid = t.typarray where t.typnamespace = any({NSP})
    union all select 'pg_type'::regclass::oid, rngmultitypid, 'pg_type'::regclass::oid, rngtypid
      from pg_range r join pg_type t on t.oid = rngtypid where t.typnamespace = any({NSP})
    union all select 'pg_rewrite'::regclass::oid, r.oid, 'pg_class'::regclass::oid, ev_class
      from pg_rewrite r join pg_class c on c.oid = ev_class where rulename = '_RETURN' and c.relnamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, conindid, 'pg_constraint'::regclass::oid, k.oid
      from pg_constraint k where contype in ('p', 'u', 'x') and connamespace = any({NSP})
    union all select 'pg_constraint'::regclass::oid, k.oid, 'pg_trigger'::regclass::oid, t.oid
      from pg_constraint k join pg_trigger t on t.tgconstraint = k.oid where contype = 't' and connamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, d.objid, 'pg_class'::regclass::oid, d.refobjid
      from pg_depend d join pg_class c on c.oid = d.objid where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
       and d.deptype = 'i' and c.relkind = 'S' and c.relnamespace = any({NSP})
    union all select 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, adrelid
      from pg_attrdef d join pg_class c on c.oid = adrelid where c.relnamespace = any({NSP})
    union all select d.classid, d.objid, d.refclassid, d.refobjid from pg_depend d
     where d.classid in ('pg_amop'::regclass, 'pg_amproc'::regclass) and d.refclassid in ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
       and d.deptype = 'i'";

/// Generated columns: the address of their expression is the column's.
pub(super) const GENERATED: &str = "
    select d.oid as objid, adrelid as refobjid, adnum::int4 as refsub from pg_attrdef d join pg_attribute a on a.attrelid = adrelid and a.attnum = adnum
     where attgenerated <> ''";

/// Comments on objects that users made.
pub(super) const COMMENTS: &str = "
    select classoid, objoid, objsubid, description, (select quote_ident(attname) from pg_attribute where objsubid > 0 and attrelid = objoid and attnum = objsubid) as attribute
    from pg_description
    where objoid >= 16384 or classoid in ('pg_namespace'::regclass, 'pg_extension'::regclass)";

/// Privileges that differ from those an object of its kind is born with.
pub(super) const PRIVILEGES: &str = "
    select a.classid, a.objid, a.sub,
           case when x.grantee = 0 then 'PUBLIC' when x.grantee = a.owner then 'OWNER' else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,
           string_agg(privilege_type || case when is_grantable then '*' else '' end, ', ' order by privilege_type) filter (where has) as granted,
           string_agg(privilege_type, ', ' order by privilege_type) filter (where not has) as revoked,
           (select quote_ident(attname) from pg_attribute where a.sub > 0 and attrelid = a.objid and attnum = a.sub) as attribute
    from (select 'pg_class'::regclass::oid as classid, c.oid as objid, 0 as sub, relowner as owner, relacl as acl,
                 acldefault(case relkind when 'S' then 's' else 'r' end::\"char\", relowner) as def
            from pg_class c where relacl is not null and relnamespace = any({NSP})
          union all select 'pg_class'::regclass::oid, attrelid, attnum, relowner, attacl, null::aclitem[]
            from pg_attribute join pg_class c on c.oid = attrelid where attacl is not null and relnamespace = any({NSP})
          union all select 'pg_proc'::regclass::oid, oid, 0, proowner, proacl, acldefault('f', proowner) from pg_proc where proacl is not null and pronamespace = any({NSP})
          union all select 'pg_type'::regclass::oid, oid, 0, typowner, typacl, acldefault('T', typowner) from pg_type where typacl is not null and typnamespace = any({NSP})
          union all select 'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, {NSPDEFAULT} from pg_namespace where nspacl is not null and oid = any({NSP})
          union all select 'pg_language'::regclass::oid, oid, 0, lanowner, lanacl, acldefault('l', lanowner) from pg_language where lanacl is not null
          union all select 'pg_foreign_data_wrapper'::regclass::oid, oid, 0, fdwowner, fdwacl, acldefault('F', fdwowner) from pg_foreign_data_wrapper where fdwacl is not null
          union all select 'pg_foreign_server'::regclass::oid, oid, 0, srvowner, srvacl, acldefault('S', srvowner) from pg_foreign_server where srvacl is not null
         ) a cross join lateral (
            select grantee, privilege_type, bool_or(src = 'acl' and is_grantable) as is_grantable, bool_or(src = 'acl') as has,
                   bool_or(src = 'def') as def
            from (select 'acl' as src, grantee, privilege_type, is_grantable from aclexplode(acl)
                  union all select 'def', grantee, privilege_type, is_grantable from aclexplode(def)) e
            group by grantee, privilege_type) x
    where not (x.has and x.def and (not x.is_grantable))
    group by 1, 2, 3, 4";

/// The transactions that wrote each object: its row, the row with its definition where that is another, and for a table
/// its first rows.
pub(super) const EVIDENCE: &str = "
    select 'pg_namespace'::regclass::oid as classid, oid as objid, xmin as written, null::xid as defined, null::xid as made from pg_namespace where oid = any({NSP})
    union all select 'pg_class'::regclass::oid, c.oid, c.xmin, t.xmin, a.xmin
      from pg_class c join pg_type t on t.oid = c.reltype join pg_attribute a on a.attrelid = c.oid and attnum = -1
     where relkind in ('r', 'p', 'f') and relnamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, c.oid, c.xmin,
        ((hashtext(r.xmin::text || (select string_agg(attname, ',' order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0)))::int8 & 4294967295)::text::xid, null
      from pg_class c join pg_rewrite r on r.ev_class = c.oid and rulename = '_RETURN' where relkind in ('v', 'm') and relnamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, c.oid, c.xmin, s.xmin, null
      from pg_class c join pg_sequence s on s.seqrelid = c.oid where relnamespace = any({NSP})
    union all select 'pg_class'::regclass::oid, c.oid, c.xmin, i.xmin, null
      from pg_class c join pg_index i on i.indexrelid = c.oid where relnamespace = any({NSP})
    union all select 'pg_type'::regclass::oid, oid, xmin, null, null from pg_type where typnamespace = any({NSP}) and typtype <> 'b'
    union all select 'pg_proc'::regclass::oid, oid, xmin, null, null from pg_proc where pronamespace = any({NSP})
    union all select 'pg_constraint'::regclass::oid, oid, xmin, null, null from pg_constraint where connamespace = any({NSP})
    union all select 'pg_collation'::regclass::oid, oid, xmin, null, null from pg_collation where collnamespace = any({NSP})
    union all select 'pg_statistic_ext'::regclass::oid, oid, xmin, null, null from pg_statistic_ext where stxnamespace = any({NSP})
    union all select 'pg_attrdef'::regclass::oid, d.oid, d.xmin, null, null from pg_attrdef d join pg_class c on c.oid = adrelid where relnamespace = any({NSP})
    union all select 'pg_trigger'::regclass::oid, t.oid, t.xmin, null, null from pg_trigger t join pg_class c on c.oid = tgrelid where not tgisinternal and relnamespace = any({NSP})
    union all select 'pg_rewrite'::regclass::oid, r.oid, r.xmin, null, null from pg_rewrite r join pg_class c on c.oid = ev_class where relnamespace = any({NSP})
    union all select 'pg_policy'::regclass::oid, p.oid, p.xmin, null, null from pg_policy p join pg_class c on c.oid = polrelid where relnamespace = any({NSP})";
