-- Gives every object of the database a name that needs quotes, and differs from those of others as before.
CREATE FUNCTION pg_temp.odd(name text) RETURNS text LANGUAGE sql AS $body$
    SELECT CASE WHEN octet_length(odd) <= 63 THEN odd WHEN upper(name) <> name THEN upper(name)
        ELSE overlay(name PLACING '"' FROM 2 FOR 1) END FROM (SELECT CASE length(name) % 6
        WHEN 0 THEN 'Ab "' || name
        WHEN 1 THEN name || E'\nx'
        WHEN 2 THEN name || repeat('.', 63 - octet_length(name) % 63)
        WHEN 3 THEN 'ünï ''' || name
        WHEN 4 THEN name || E'\t$1(b), '
        ELSE name || E' \\ WHERE -- "/*' END AS odd) x
$body$;
CREATE FUNCTION pg_temp.ours(class regclass, object oid, schema oid) RETURNS boolean LANGUAGE sql AS $body$
    SELECT (SELECT nspname !~ '^pg_' AND nspname <> 'information_schema' FROM pg_namespace WHERE oid = schema)
       AND object NOT IN (SELECT objid FROM pg_depend WHERE classid = class AND deptype = 'e')
$body$;
DO $body$
DECLARE command text;
BEGIN
    FOR command IN
        SELECT format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', conrelid::regclass, conname, pg_temp.odd(conname))
          FROM pg_constraint WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND conrelid <> 0 AND coninhcount = 0 AND conparentid = 0
           AND (SELECT reloftype = 0 FROM pg_class c WHERE c.oid = conrelid)
           AND pg_temp.ours('pg_constraint', oid, connamespace)
        UNION ALL SELECT format('ALTER DOMAIN %s RENAME CONSTRAINT %I TO %I', contypid::regtype, conname, pg_temp.odd(conname))
          FROM pg_constraint WHERE contype = 'c' AND contypid <> 0 AND pg_temp.ours('pg_constraint', oid, connamespace)
        UNION ALL SELECT format('ALTER TRIGGER %I ON %s RENAME TO %I', tgname, tgrelid::regclass, pg_temp.odd(tgname))
          FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
        UNION ALL SELECT format('ALTER POLICY %I ON %s RENAME TO %I', polname, polrelid::regclass, pg_temp.odd(polname)) FROM pg_policy
        UNION ALL SELECT format('ALTER RULE %I ON %s RENAME TO %I', rulename, ev_class::regclass, pg_temp.odd(rulename))
          FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384
        UNION ALL SELECT format('ALTER TABLE %s RENAME COLUMN %I TO %I', c.oid::regclass, attname, pg_temp.odd(attname))
          FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
         WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND reloftype = 0 AND attnum > 0 AND NOT attisdropped AND attinhcount = 0
           AND pg_temp.ours('pg_class', c.oid, relnamespace)
        UNION ALL SELECT format('ALTER TYPE %s RENAME ATTRIBUTE %I TO %I CASCADE', c.reltype::regtype, attname, pg_temp.odd(attname))
          FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
         WHERE relkind = 'c' AND attnum > 0 AND NOT attisdropped AND pg_temp.ours('pg_class', c.oid, relnamespace)
        UNION ALL SELECT format('ALTER STATISTICS %I.%I RENAME TO %I', nspname, stxname, pg_temp.odd(stxname))
          FROM pg_statistic_ext JOIN pg_namespace n ON n.oid = stxnamespace
        UNION ALL SELECT format('ALTER COLLATION %I.%I RENAME TO %I', nspname, collname, pg_temp.odd(collname))
          FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace WHERE pg_temp.ours('pg_collation', c.oid, n.oid)
        UNION ALL SELECT format('ALTER TEXT SEARCH CONFIGURATION %I.%I RENAME TO %I', nspname, cfgname, pg_temp.odd(cfgname))
          FROM pg_ts_config c JOIN pg_namespace n ON n.oid = cfgnamespace WHERE pg_temp.ours('pg_ts_config', c.oid, n.oid)
        UNION ALL SELECT format('ALTER TEXT SEARCH DICTIONARY %I.%I RENAME TO %I', nspname, dictname, pg_temp.odd(dictname))
          FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = dictnamespace WHERE pg_temp.ours('pg_ts_dict', d.oid, n.oid)
        UNION ALL SELECT format('ALTER PUBLICATION %I RENAME TO %I', pubname, pg_temp.odd(pubname)) FROM pg_publication
        UNION ALL SELECT format('ALTER SERVER %I RENAME TO %I', srvname, pg_temp.odd(srvname)) FROM pg_foreign_server
        UNION ALL SELECT format('ALTER TYPE %s RENAME TO %I', t.oid::regtype, pg_temp.odd(typname))
          FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
         WHERE (typtype IN ('e', 'd') OR relkind = 'c') AND pg_temp.ours('pg_type', t.oid, typnamespace)
    LOOP
        EXECUTE command;
    END LOOP;
    FOR command IN
        SELECT format('ALTER %s %I.%I RENAME TO %I', CASE relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
               nspname, relname, pg_temp.odd(relname))
          FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
         WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'i', 'I') AND pg_temp.ours('pg_class', c.oid, n.oid)
           AND c.oid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))
           AND (relkind NOT IN ('r', 'p', 'f') OR current_setting('odd.tables', true) = 'on')
    LOOP
        EXECUTE command;
    END LOOP;
    FOR command IN
        SELECT format('ALTER SCHEMA %I RENAME TO %I', nspname, pg_temp.odd(nspname))
          FROM pg_namespace n WHERE nspname <> 'public' AND pg_temp.ours('pg_namespace', n.oid, n.oid)
    LOOP
        EXECUTE command;
    END LOOP;
END
$body$;
DROP FUNCTION pg_temp.odd, pg_temp.ours;
