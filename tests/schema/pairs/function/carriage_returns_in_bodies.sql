-- old
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS E'begin\r\n return 1;\r\nend';
-- new
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS E'begin\n return 1;\r\nend'; CREATE FUNCTION g() RETURNS int LANGUAGE sql AS E'\r\nselect 1\r\n-- $$ $x$ \r\n'; COMMENT ON FUNCTION f() IS E'a\r\nb';
CREATE PROCEDURE pr() LANGUAGE plpgsql AS E'begin\r\r\nend\r'; CREATE VIEW v AS SELECT E'a\r\nb'::text AS x; CREATE TABLE t (a text DEFAULT E'a\rb' CHECK (a <> E'\r\n'));
