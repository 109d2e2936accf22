-- old
CREATE TABLE t (x xml);
CREATE VIEW v AS SELECT xmlserialize(content x AS text) AS s FROM t;
CREATE FUNCTION f(x xml) RETURNS text LANGUAGE sql IMMUTABLE RETURN xmlserialize(document x AS varchar);
-- new
CREATE TABLE t (x xml);
CREATE VIEW v AS SELECT xmlserialize(content x AS text) AS s, xmlserialize(content x AS varchar) AS "NO INDENT)" FROM t WHERE ' NO INDENT)' <> '';
CREATE FUNCTION f(x xml) RETURNS text LANGUAGE sql IMMUTABLE RETURN xmlserialize(document x AS text) || 'x NO INDENT)';
