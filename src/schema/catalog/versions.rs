//! Parts of the catalog queries that depend on the version of PostgreSQL.

/// Fills in the version-dependent parts of a query, and the schemas that are read.
pub(super) struct QueryTemplate {
    pub(super) version: u32,
    pub(super) schemas: String,
    /// Whether comments are read.
    pub(super) comments: bool,
}

impl QueryTemplate {
    pub(super) fn fill(&self, sql: &str) -> String {
        let since = |version: u32, then: &'static str, otherwise: &'static str| {
            if self.version >= version { then } else { otherwise }
        };
        let of_comments =
            |version: u32, then: &'static str| if self.comments { since(version, then, "") } else { "" };
        sql.replace("{NOTNULL}", since(180_000, NOT_NULL_18, ""))
            .replace("{NOTNULLJOIN}", since(180_000, NOT_NULL_JOIN_18, ""))
            .replace("{NOTNULLCOMMENT}", of_comments(180_000, NOT_NULL_COMMENT_18))
            .replace("{NOTNULLCOMMENTJOIN}", of_comments(180_000, NOT_NULL_COMMENT_JOIN_18))
            .replace("{DOMAINNOTNULLCOMMENT}", of_comments(170_000, DOMAIN_NOT_NULL_COMMENT_17))
            .replace("{PLAINKEY}", since(180_000, " and conenforced and not conperiod", ""))
            .replace("{DOMAINNOTNULL}", since(170_000, DOMAIN_NOT_NULL_17, ""))
            .replace(
                "{COLLATIONLOCALE}",
                since(170_000, COLLATION_17, since(160_000, COLLATION_16, COLLATION_15)),
            )
            .replace(
                "{PUBLICATION}",
                since(
                    180_000,
                    ", case pubgencols when 's' then 'stored' end as publish_generated_columns",
                    "",
                ),
            )
            .replace("{NSPDEFAULT}", "acldefault('n', nspowner)")
            .replace("{NSP}", &self.schemas)
    }
}

/// Since 18 a NOT NULL is a named constraint; its name is compared unless PostgreSQL generated it or it comes from a
/// parent, where it cannot be altered.
const NOT_NULL_18: &str = "
    nullif(concat_ws(' ', case when nk.coninhcount = 0 and nk.conname <> c.relname || '_' || attname || '_not_null'
            then 'CONSTRAINT ' || quote_ident(nk.conname) end,
        case when nk.connoinherit then 'NO INHERIT' end, case when not nk.convalidated then 'NOT VALID' end), '') as not_null_constraint,
    case when nk.coninhcount > 0 and nk.conislocal then 'true' end as own_not_null,
    case when nk.coninhcount > 0 and nk.conname <> c.relname || '_' || attname || '_not_null' then quote_ident(nk.conname) end as inherited_not_null_name,";
const NOT_NULL_JOIN_18: &str = "
    left join pg_constraint nk on attnotnull and nk.conrelid = a.attrelid and nk.contype = 'n' and nk.conkey = array[a.attnum]";
const NOT_NULL_COMMENT_18: &str = "
    nd.description as not_null_comment,";
const NOT_NULL_COMMENT_JOIN_18: &str = "
    left join pg_description nd on nd.classoid = 'pg_constraint'::regclass and nd.objoid = nk.oid and nd.objsubid = 0";
/// Since 17 the not-null constraint of a domain has a name too.
const DOMAIN_NOT_NULL_17: &str = "
    (select 'CONSTRAINT ' || quote_ident(nk.conname) from pg_constraint nk where nk.contypid = t.oid and nk.contype = 'n'
        and nk.conname <> t.typname || '_not_null') as not_null_constraint,";
const DOMAIN_NOT_NULL_COMMENT_17: &str = "
    (select obj_description(nk.oid, 'pg_constraint') from pg_constraint nk where nk.contypid = t.oid and nk.contype = 'n') as not_null_comment,";
const COLLATION_15: &str = "case when collprovider = 'c' then collcollate end as lc_collate, case when collprovider = 'c' then collctype end as lc_ctype,
    colliculocale as locale,";
const COLLATION_16: &str = "case when collprovider = 'c' then collcollate end as lc_collate, case when collprovider = 'c' then collctype end as lc_ctype,
    colliculocale as locale, collicurules as rules,";
const COLLATION_17: &str = "case when collprovider = 'c' then collcollate end as lc_collate, case when collprovider = 'c' then collctype end as lc_ctype,
    colllocale as locale, collicurules as rules,";
