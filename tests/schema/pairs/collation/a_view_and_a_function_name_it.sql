-- old
CREATE COLLATION de (provider = icu, locale = 'de'); CREATE TABLE t (a text); CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE de; CREATE FUNCTION f(x text) RETURNS bool IMMUTABLE RETURN x COLLATE de < 'm'; CREATE INDEX i ON t (a COLLATE de, (upper(a) COLLATE de));
-- new
CREATE COLLATION de (provider = icu, locale = 'de-AT', deterministic = true); CREATE TABLE t (a text); CREATE VIEW v AS SELECT a FROM t ORDER BY a COLLATE de; CREATE FUNCTION f(x text) RETURNS bool IMMUTABLE RETURN x COLLATE de < 'n'; CREATE INDEX i ON t (a COLLATE de, (upper(a) COLLATE de));
