-- old
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE VIEW w AS SELECT v AS whole, to_jsonb(v) AS j, (v.*)::text AS x FROM v;
CREATE FUNCTION label(v) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.a';
CREATE VIEW y AS SELECT v.label FROM v;
-- new
CREATE TABLE t (id int PRIMARY KEY, a varchar(20), b int);
CREATE VIEW v AS SELECT id, a, b FROM t;
CREATE VIEW w AS SELECT v AS whole, to_jsonb(v) AS j, (v.*)::text AS x FROM v;
CREATE FUNCTION label(v) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.a';
CREATE VIEW y AS SELECT v.label FROM v;
