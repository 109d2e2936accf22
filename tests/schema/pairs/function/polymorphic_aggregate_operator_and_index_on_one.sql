-- old
CREATE FUNCTION pick(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE AGGREGATE first(anyelement) (SFUNC = pick, STYPE = anyelement); CREATE TABLE t (a int, b int); CREATE INDEX i ON t (pick(a, b)); CREATE VIEW v AS SELECT first(a) AS f FROM t;
-- new
CREATE FUNCTION pick(anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $2'; CREATE AGGREGATE first(anyelement) (SFUNC = pick, STYPE = anyelement, PARALLEL = SAFE, COMBINEFUNC = pick); CREATE TABLE t (a int, b int); CREATE INDEX i ON t (pick(a, b)); CREATE VIEW v AS SELECT first(a) AS f FROM t;
