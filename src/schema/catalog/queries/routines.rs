//! Queries for functions and objects built on them: aggregates, operators and their classes, casts, languages, access
//! methods.

use super::{Query, database_wide, in_schema};
use crate::schema::model::Kind;

pub(super) const QUERIES: &[Query] = &[
    in_schema(
        Kind::Function,
        "pg_proc",
        "select p.oid, p.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(proname) || '(' || oidvectortypes(proargtypes) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(proname) as name, quote_ident(pg_get_userbyid(proowner)) as owner,
                case prokind when 'p' then 'procedure' when 'w' then 'window' else 'function' end as type,
                pg_get_functiondef(p.oid) as definition,
                pg_get_function_identity_arguments(p.oid) as identity_arguments,
                pg_get_function_result(p.oid) as result,
                array_to_string(proargnames, E'\\n', '') as argument_names, pronargdefaults::text as default_count
         from pg_proc p join pg_namespace n on n.oid = pronamespace
         where prokind <> 'a' and n.oid = any({NSP})
           and p.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_proc'::regclass and deptype = 'e')
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'i')",
    ),
    in_schema(
        Kind::Aggregate,
        "pg_proc",
        "select p.oid, p.xmin as stamp, quote_ident(nspname) || '.' || quote_ident(proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(proname) as name, quote_ident(pg_get_userbyid(proowner)) as owner,
                pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
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
           and p.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_proc'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::Operator,
        "pg_operator",
        "select o.oid, quote_ident(nspname) || '.' || oprname || ' (' ||
                  case when oprleft = 0 then 'NONE' else format_type(oprleft, null) end || ', ' || format_type(oprright, null) || ')' as key,
                quote_ident(nspname) as schema, quote_ident(nspname) || '.' || oprname as name, quote_ident(pg_get_userbyid(oprowner)) as owner,
                oprcode::regproc::text as function,
                case when oprleft <> 0 then format_type(oprleft, null) end as leftarg, format_type(oprright, null) as rightarg,
                (select 'OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprcom) as commutator,
                (select 'OPERATOR(' || quote_ident(cn.nspname) || '.' || c.oprname || ')' from pg_operator c join pg_namespace cn on cn.oid = c.oprnamespace where c.oid = o.oprnegate) as negator,
                case when oprrest <> 0 then oprrest::regproc::text end as restrict,
                case when oprjoin <> 0 then oprjoin::regproc::text end as \"join\",
                case when oprcanhash then 'true' end as hashes, case when oprcanmerge then 'true' end as merges
         from pg_operator o join pg_namespace n on n.oid = oprnamespace where oprcode <> 0 and n.oid = any({NSP})
           and o.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_operator'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::Cast,
        "pg_cast",
        "select c.oid, '(' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')' as key,
                '(' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')' as name,
                case castmethod when 'i' then 'WITH INOUT' when 'b' then 'WITHOUT FUNCTION' else 'WITH FUNCTION ' || castfunc::regprocedure::text end as method,
                case castcontext when 'a' then 'assignment' when 'i' then 'implicit' end as context
         from pg_cast c where c.oid >= 16384
           and not exists (select from pg_depend e where e.classid = 'pg_cast'::regclass and e.objid = c.oid and e.deptype = 'i')
           and not exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = c.castfunc and e.deptype = 'i')
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_cast'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::Language,
        "pg_language",
        "select l.oid, quote_ident(lanname) as key, quote_ident(lanname) as name, quote_ident(pg_get_userbyid(lanowner)) as owner,
                case when lanpltrusted then 'true' end as trusted, lanplcallfoid::regproc::text as handler,
                case when laninline <> 0 then laninline::regproc::text end as inline,
                case when lanvalidator <> 0 then lanvalidator::regproc::text end as validator
         from pg_language l where l.oid >= 16384
           and l.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_language'::regclass and deptype = 'e')",
    ),
    database_wide(
        Kind::AccessMethod,
        "pg_am",
        "select a.oid, quote_ident(amname) as key, quote_ident(amname) as name, amtype::text as type, amhandler::regproc::text as handler
         from pg_am a where a.oid >= 16384
           and a.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_am'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::OperatorFamily,
        "pg_opfamily",
        "select f.oid, quote_ident(nspname) || '.' || quote_ident(opfname) || ' USING ' || quote_ident(amname) as key, quote_ident(nspname) as schema,
                quote_ident(opfname) as name, quote_ident(pg_get_userbyid(opfowner)) as owner,
                (select string_agg(format('OPERATOR %s %s%s', amopstrategy, amopopr::regoperator,
                           coalesce((select ' FOR ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname) from pg_opfamily sf join pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = amopsortfamily), '')), E'\\n' order by amopstrategy, amopopr::regoperator::text)
                   from pg_amop o where amopfamily = f.oid and exists (select from pg_depend d where d.classid = 'pg_amop'::regclass and d.objid = o.oid and d.refclassid = 'pg_opfamily'::regclass)) as operators,
                (select string_agg(format('FUNCTION %s (%s, %s) %s', amprocnum, format_type(amproclefttype, null), format_type(amprocrighttype, null), amproc::regprocedure), E'\\n' order by amprocnum, amproc::regprocedure::text)
                   from pg_amproc o where amprocfamily = f.oid and exists (select from pg_depend d where d.classid = 'pg_amproc'::regclass and d.objid = o.oid and d.refclassid = 'pg_opfamily'::regclass)) as functions
         from pg_opfamily f join pg_namespace n on n.oid = opfnamespace join pg_am a on a.oid = opfmethod where n.oid = any({NSP})
           and f.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_opfamily'::regclass and deptype = 'e')",
    ),
    in_schema(
        Kind::OperatorClass,
        "pg_opclass",
        "select c.oid, quote_ident(n.nspname) || '.' || quote_ident(opcname) || ' USING ' || quote_ident(amname) as key, quote_ident(n.nspname) as schema,
                quote_ident(opcname) as name, quote_ident(pg_get_userbyid(opcowner)) as owner, case when opcdefault then 'true' end as \"default\",
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
           and c.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_opclass'::regclass and deptype = 'e')",
    ),
];
