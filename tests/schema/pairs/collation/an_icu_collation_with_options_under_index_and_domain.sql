-- old
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN nm AS text COLLATE ci; CREATE TABLE t (a text COLLATE ci UNIQUE, b nm); CREATE INDEX i ON t (b COLLATE "C"); CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE ci;
COMMENT ON COLLATION ci IS 'c';
-- new
CREATE COLLATION ci (provider = icu, locale = 'de-u-ks-level2', deterministic = false);
CREATE DOMAIN nm AS text COLLATE ci; CREATE TABLE t (a text COLLATE ci UNIQUE, b nm); CREATE INDEX i ON t (b COLLATE "C"); CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE ci;
COMMENT ON COLLATION ci IS 'c'; ALTER COLLATION ci OWNER TO alice;
