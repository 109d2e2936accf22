//! Queries for dependencies, addresses, comments and privileges.

/// Objects that are detected and reported but have no plan.
pub(in crate::schema::catalog) const UNCOMPARED: &str = "
    select 'base type ' || t.oid::regtype::text as key, '' as digest from pg_type t
     where typtype = 'b' and typcategory <> 'A' and typnamespace = any({NSP})
       and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')
    union all select 'shell type ' || t.oid::regtype::text, '' from pg_type t where typtype = 'p' and typnamespace = any({NSP})
       and t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_type'::regclass and deptype = 'e')
    union all select 'conversion ' || quote_ident(conname), concat_ws(' ', conforencoding, contoencoding, conproc::regproc, condefault) from pg_conversion where connamespace = any({NSP})
    union all select 'text search parser ' || quote_ident(prsname), prsstart::regproc::text from pg_ts_parser p where prsnamespace = any({NSP})
       and p.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_ts_parser'::regclass and deptype = 'e')
    union all select 'text search template ' || quote_ident(tmplname), tmpllexize::regproc::text from pg_ts_template p where tmplnamespace = any({NSP})
       and p.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_ts_template'::regclass and deptype = 'e')
    union all select 'transform for ' || format_type(trftype, null) || ' language ' || (select lanname from pg_language l where l.oid = trflang), concat_ws(' ', trffromsql::regproc, trftosql::regproc) from pg_transform t
       where t.oid not in (select objid from pg_depend where refclassid = 'pg_extension'::regclass and classid = 'pg_transform'::regclass and deptype = 'e')
    union all select 'subscription ' || quote_ident(subname), concat_ws(' ', pg_get_userbyid(subowner), subpublications, subslotname)
       from pg_subscription s where subdbid = (select oid from pg_database where datname = current_database())
    union all select 'options of user mapping ' || case when umuser = 0 then 'PUBLIC' else quote_ident(usename) end || ' SERVER ' || quote_ident(m.srvname) || ', hidden from this role', ''
       from pg_user_mappings m join pg_foreign_server s on s.oid = srvid
       where umoptions is null and not (select rolsuper from pg_roles where rolname = current_user)
         and not (umuser = 0 and pg_has_role(srvowner, 'usage')
           or usename = current_user and (pg_has_role(srvowner, 'usage') or has_server_privilege(s.oid, 'usage')))";

/// Security labels. Queried only if there are any, because planning the view takes time.
pub(in crate::schema::catalog) const SECURITY_LABELS: &str = "
    select 'security label on ' || objtype || ' ' || objname as key, provider || ' ' || label as digest from pg_seclabels
     where objtype not in ('role', 'database', 'tablespace')";

/// Dependencies between objects that users created, except those that follow from the objects themselves (a default
/// on its column, a constraint on its own columns) and those of TOAST tables.
pub(in crate::schema::catalog) const DEPENDENCIES: &str = "
    select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text as deptype
    from pg_depend where (objid >= 16384 or classid = 'pg_namespace'::regclass) and refclassid <> 0
       and deptype in ('n', 'a', 'i', 'P', 'S', 'e', 'x')
       and case classid when 'pg_class'::regclass
             then not (deptype = 'i' and refclassid = 'pg_class'::regclass and refobjsubid = 0)
           when 'pg_trigger'::regclass then deptype <> 'i'
           when 'pg_attrdef'::regclass then deptype <> 'a'
           when 'pg_constraint'::regclass then not (deptype = 'a' and refclassid = 'pg_class'::regclass and refobjsubid > 0)
           else true end";

/// The columns that generated columns are computed from.
pub(in crate::schema::catalog) const GENERATED_FROM: &str = "
    select classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype::text as deptype
    from pg_depend where objid >= 16384 and classid = 'pg_attrdef'::regclass and deptype = 'a'";

/// Defaults in the tables of extensions: their dependencies count as the extension's.
pub(in crate::schema::catalog) const ALIASES: &str = "
    select 'pg_attrdef'::regclass::oid as classid, d.oid as objid, 'pg_class'::regclass::oid as refclassid, adrelid as refobjid
      from pg_attrdef d where adrelid in (select objid from pg_depend where refclassid = 'pg_extension'::regclass
        and classid = 'pg_class'::regclass and deptype = 'e')";

/// The built-in B-tree operator classes that an index on a plain column uses by default.
pub(in crate::schema::catalog) const DEFAULT_CLASSES: &str = "
    select oid, opcintype from pg_opclass where opcmethod = 403 and opcdefault";

/// Addresses of the expressions of generated columns, which stand for the column.
pub(in crate::schema::catalog) const GENERATED: &str = "
    select d.oid as objid, adrelid as refobjid, adnum::int4 as refsub from pg_attrdef d join pg_attribute a on a.attrelid = adrelid and a.attnum = adnum
     where attgenerated <> ''";

/// Comments on objects that users created.
pub(in crate::schema::catalog) const COMMENTS: &str = "
    select classoid, objoid, objsubid, description, (select quote_ident(attname) from pg_attribute where objsubid > 0 and attrelid = objoid and attnum = objsubid) as attribute,
           case classoid when 'pg_subscription'::regclass then (select 'subscription ' || quote_ident(subname) from pg_subscription where oid = objoid) end as subscription
    from pg_description
    where objoid >= 16384 or classoid in ('pg_namespace'::regclass, 'pg_extension'::regclass)";

/// Privileges that differ from those an object of its kind is created with.
pub(in crate::schema::catalog) const PRIVILEGES: &str = "
    select a.classid, a.objid, a.sub,
           case when x.grantee = 0 then 'PUBLIC' when x.grantee = a.owner then 'OWNER' else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,
           case when x.grantor <> a.owner then quote_ident(pg_get_userbyid(x.grantor)) end as grantor,
           string_agg(privilege_type || case when is_grantable then '*' else '' end, ', ' order by privilege_type) filter (where has) as granted,
           string_agg(privilege_type, ', ' order by privilege_type) filter (where not has) as revoked,
           (select quote_ident(attname) from pg_attribute where a.sub > 0 and attrelid = a.objid and attnum = a.sub) as attribute
    from (select 'pg_class'::regclass::oid as classid, c.oid as objid, 0 as sub, relowner as owner, relacl as acl,
                 acldefault(case relkind when 'S' then 's' else 'r' end::\"char\", relowner) as def
            from pg_class c where relacl is not null and relnamespace = any({NSP})
          union all select 'pg_class'::regclass::oid, attrelid, attnum, relowner, attacl, null::aclitem[]
            from pg_attribute join pg_class c on c.oid = attrelid where attacl is not null and not attisdropped and relnamespace = any({NSP})
          union all select 'pg_proc'::regclass::oid, oid, 0, proowner, proacl, acldefault('f', proowner) from pg_proc where proacl is not null and pronamespace = any({NSP})
          union all select 'pg_type'::regclass::oid, oid, 0, typowner, typacl, acldefault('T', typowner) from pg_type where typacl is not null and typnamespace = any({NSP})
          union all select 'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, {NSPDEFAULT} from pg_namespace where nspacl is not null and oid = any({NSP})
          union all select 'pg_language'::regclass::oid, oid, 0, lanowner, lanacl, acldefault('l', lanowner) from pg_language where lanacl is not null
          union all select 'pg_foreign_data_wrapper'::regclass::oid, oid, 0, fdwowner, fdwacl, acldefault('F', fdwowner) from pg_foreign_data_wrapper where fdwacl is not null
          union all select 'pg_foreign_server'::regclass::oid, oid, 0, srvowner, srvacl, acldefault('S', srvowner) from pg_foreign_server where srvacl is not null
         ) a cross join lateral (
            select grantor, grantee, privilege_type, bool_or(src = 'acl' and is_grantable) as is_grantable, bool_or(src = 'acl') as has,
                   bool_or(src = 'def') as def
            from (select 'acl' as src, * from aclexplode(acl) union all select 'def', * from aclexplode(def)) e
            group by grantor, grantee, privilege_type) x
    where not (x.has and x.def and (not x.is_grantable))
    group by 1, 2, 3, 4, 5";

/// Privileges on objects of the system and of extensions that differ from the initial ones.
pub(in crate::schema::catalog) const SYSTEM_PRIVILEGES: &str = "
    select a.phrase, (select quote_ident(extname) from pg_extension where oid = a.extension) as extension,
           case when x.grantee = 0 then 'PUBLIC' when x.grantee = a.owner then quote_ident(pg_get_userbyid(a.owner)) else quote_ident(pg_get_userbyid(x.grantee)) end as grantee,
           case when x.grantor <> a.owner then quote_ident(pg_get_userbyid(x.grantor)) end as grantor, a.attribute,
           string_agg(privilege_type || case when is_grantable then '*' else '' end, ', ' order by privilege_type) filter (where has) as granted,
           string_agg(privilege_type, ', ' order by privilege_type) filter (where not has) as revoked
    from (select o.*, d.refobjid as extension, coalesce(i.initprivs, o.def) as was
          from (select 'pg_class'::regclass::oid as classid, oid as objid, 0 as sub, relowner as owner, relacl as acl,
                       acldefault(case relkind when 'S' then 's' else 'r' end::\"char\", relowner) as def,
                       case relkind when 'S' then 'SEQUENCE ' else 'TABLE ' end || oid::regclass as phrase, null as attribute
                  from pg_class where relacl is not null and relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_(toast_)?temp_')
                union all select 'pg_class'::regclass::oid, attrelid, attnum, relowner, attacl, null, 'TABLE ' || attrelid::regclass, quote_ident(attname)
                  from pg_attribute join pg_class c on c.oid = attrelid where attacl is not null and not attisdropped
                union all select 'pg_proc'::regclass::oid, oid, 0, proowner, proacl, acldefault('f', proowner),
                       case prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end || oid::regprocedure, null from pg_proc where proacl is not null
                union all select 'pg_type'::regclass::oid, t.oid, 0, typowner, typacl, acldefault('T', typowner), 'TYPE ' || quote_ident(nspname) || '.' || quote_ident(typname), null
                  from pg_type t join pg_namespace n on n.oid = typnamespace where typacl is not null
                union all select 'pg_namespace'::regclass::oid, oid, 0, nspowner, nspacl, {NSPDEFAULT}, 'SCHEMA ' || quote_ident(nspname), null
                  from pg_namespace where nspacl is not null and nspname !~ '^pg_(toast_)?temp_'
                union all select 'pg_language'::regclass::oid, oid, 0, lanowner, lanacl, acldefault('l', lanowner), 'LANGUAGE ' || quote_ident(lanname), null
                  from pg_language where lanacl is not null
                union all select 'pg_foreign_data_wrapper'::regclass::oid, oid, 0, fdwowner, fdwacl, acldefault('F', fdwowner), 'FOREIGN DATA WRAPPER ' || quote_ident(fdwname), null
                  from pg_foreign_data_wrapper where fdwacl is not null
               ) o left join pg_init_privs i on i.classoid = o.classid and i.objoid = o.objid and i.objsubid = o.sub
                   left join pg_depend d on d.classid = o.classid and d.objid = o.objid and d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
         where (o.objid < 16384 or d.objid is not null) and o.acl is distinct from i.initprivs
           and not (o.classid = 'pg_namespace'::regclass and o.objid = any({NSP}))
         ) a cross join lateral (
            select grantor, grantee, privilege_type, bool_or(src = 'acl' and is_grantable) as is_grantable, bool_or(src = 'acl') as has,
                   bool_or(src = 'def') as def, bool_or(src = 'def' and is_grantable) as def_grantable
            from (select 'acl' as src, * from aclexplode(acl) union all select 'def', * from aclexplode(was)) e
            group by grantor, grantee, privilege_type) x
    where not (x.has and x.def and x.is_grantable = x.def_grantable)
    group by 1, 2, 3, 4, 5";
