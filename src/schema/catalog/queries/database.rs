//! Queries for schemas, extensions and the other objects of a database that are no relations.

use super::{Query, database_wide, in_schema};
use crate::schema::model::Kind;

pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::Schema,
        "pg_namespace",
        "select n.oid, n.xmin as stamp, quote_ident(nspname) as key, quote_ident(nspname) as name, quote_ident(pg_get_userbyid(nspowner)) as owner
         from pg_namespace n where n.oid = any({NSP})
           and n.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_namespace'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::Extension,
        "pg_extension",
        "select x.oid, quote_ident(extname) as key, quote_ident(extname) as name, quote_ident(pg_get_userbyid(extowner)) as owner,
                quote_ident(nspname) as schema, case when extrelocatable then 'true' end as relocatable,
                extversion as version,
                (select string_agg(target, E'\\n') from pg_extension_update_paths(extname) where source = extversion and path is not null) as update_targets
         from pg_extension x join pg_namespace n on n.oid = extnamespace where extname <> 'plpgsql'",
    ),
    database_wide(
        Kind::Publication,
        "pg_publication",
        "select p.oid, quote_ident(pubname) as key, quote_ident(pubname) as name, quote_ident(pg_get_userbyid(pubowner)) as owner,
                case when puballtables then 'true' end as all_tables,
                concat_ws(', ', case when pubinsert then 'insert' end, case when pubupdate then 'update' end,
                  case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end) as publish,
                case when pubviaroot then 'true' end as via_root{PUBLICATION}
         from pg_publication p",
    ),
    database_wide(
        Kind::PublicationTable,
        "pg_publication_rel",
        "select r.oid, r.xmin as stamp, quote_ident(pubname) || ' ' || quote_ident(nspname) || '.' || quote_ident(relname) as key,
                quote_ident(pubname) as parent, 'publication' as parent_kind,
                quote_ident(nspname) || '.' || quote_ident(relname) as \"table\", pg_get_expr(prqual, prrelid) as \"where\",
                (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute a where a.attrelid = prrelid and attnum = any(prattrs)) as columns
         from pg_publication_rel r join pg_publication p on p.oid = prpubid join pg_class c on c.oid = prrelid join pg_namespace n on n.oid = relnamespace",
    ),
    database_wide(
        Kind::PublicationSchema,
        "pg_publication_namespace",
        "select r.oid, quote_ident(pubname) || ' ' || quote_ident(nspname) as key, quote_ident(pubname) as parent,
                'publication' as parent_kind, quote_ident(nspname) as schema
         from pg_publication_namespace r join pg_publication p on p.oid = pnpubid join pg_namespace n on n.oid = pnnspid",
    ),
    database_wide(
        Kind::ForeignDataWrapper,
        "pg_foreign_data_wrapper",
        "select f.oid, quote_ident(fdwname) as key, quote_ident(fdwname) as name, quote_ident(pg_get_userbyid(fdwowner)) as owner,
                case when fdwhandler <> 0 then fdwhandler::regproc::text end as handler,
                case when fdwvalidator <> 0 then fdwvalidator::regproc::text end as validator,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(fdwoptions)) as fdw_options
         from pg_foreign_data_wrapper f
         where f.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_foreign_data_wrapper'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::Server,
        "pg_foreign_server",
        "select s.oid, quote_ident(srvname) as key, quote_ident(srvname) as name, quote_ident(pg_get_userbyid(srvowner)) as owner,
                (select quote_ident(fdwname) from pg_foreign_data_wrapper f where f.oid = srvfdw) as wrapper, srvtype as type, srvversion as version,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(srvoptions)) as fdw_options
         from pg_foreign_server s
         where s.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_foreign_server'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::UserMapping,
        "pg_user_mapping",
        "select umid as oid, case when umuser = 0 then 'PUBLIC' else quote_ident(usename) end || ' SERVER ' || quote_ident(srvname) as key,
                quote_ident(srvname) as parent, 'server' as parent_kind,
                (select string_agg(quote_ident(option_name) || E'\\t' || quote_literal(option_value), E'\\n' order by option_name) from pg_options_to_table(umoptions)) as fdw_options
         from pg_user_mappings",
    ),
    in_schema(
        Kind::TextSearchDictionary,
        "pg_ts_dict",
        "select d.oid, quote_ident(n.nspname) || '.' || quote_ident(dictname) as key, quote_ident(n.nspname) as schema, quote_ident(dictname) as name,
                quote_ident(pg_get_userbyid(dictowner)) as owner,
                (select quote_ident(tn.nspname) || '.' || quote_ident(tmplname) from pg_ts_template t join pg_namespace tn on tn.oid = tmplnamespace where t.oid = dicttemplate) as template,
                dictinitoption as options
         from pg_ts_dict d join pg_namespace n on n.oid = dictnamespace where n.oid = any({NSP})
           and d.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_ts_dict'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::TextSearchConfiguration,
        "pg_ts_config",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(cfgname) as key, quote_ident(n.nspname) as schema, quote_ident(cfgname) as name,
                quote_ident(pg_get_userbyid(cfgowner)) as owner,
                (select quote_ident(pn.nspname) || '.' || quote_ident(prsname) from pg_ts_parser p join pg_namespace pn on pn.oid = prsnamespace where p.oid = cfgparser) as parser,
                (select string_agg(alias || E'\\t' || dicts, E'\\n' order by alias) from
                  (select (select alias from ts_token_type(cfgparser) tt where tt.tokid = maptokentype) as alias,
                          string_agg(quote_ident(dn.nspname) || '.' || quote_ident(dictname), ', ' order by mapseqno) as dicts
                     from pg_ts_config_map m join pg_ts_dict d on d.oid = mapdict join pg_namespace dn on dn.oid = dictnamespace
                    where mapcfg = c.oid group by maptokentype) x) as mappings
         from pg_ts_config c join pg_namespace n on n.oid = cfgnamespace where n.oid = any({NSP})
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_ts_config'::regclass and deptype = 'e')",
    ),
    database_wide(
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
];
