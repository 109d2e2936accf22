-- old
CREATE DOMAIN d AS text DEFAULT E'a\nb'; CREATE TABLE t (a text DEFAULT E'l1\nl2', b text CHECK (b <> E'q\n;r')); CREATE TYPE e AS ENUM (E'n\nl', 'b'); CREATE TABLE u (x e DEFAULT E'n\nl');
CREATE TABLE p (a text) PARTITION BY LIST (a); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (E'k\nl', 'm');
CREATE FUNCTION f(a text DEFAULT E'd\ne') RETURNS text LANGUAGE sql AS 'SELECT 1::text'; CREATE FUNCTION g("a
b" int, "c, d" text) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- new
CREATE DOMAIN d AS text DEFAULT E'a\nc' CHECK (VALUE <> E'x\ny'); CREATE TABLE t (a text DEFAULT E'l1\nl3', b text CHECK (b <> E'q\n;s')); CREATE TYPE e AS ENUM (E'n\nm', E'n\nl'); CREATE TABLE u (x e DEFAULT E'n\nm');
CREATE TABLE p (a text) PARTITION BY LIST (a); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (E'k\nl', E'm\nn');
CREATE FUNCTION f(a text DEFAULT E'd\nf') RETURNS text LANGUAGE sql AS 'SELECT 1::text'; CREATE FUNCTION g("a
c" int, "c, e" text DEFAULT E'x\ny') RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON TABLE t IS E'c1\nc2\r\nc3'; CREATE VIEW v AS SELECT E'a\n\tb'::text AS x, a FROM t WHERE a <> E'u\nv'; CREATE POLICY own ON t USING (a <> E'z\nz'); CREATE INDEX i ON t ((a || E'\n')) WHERE b <> E'1\n2';
CREATE TRIGGER tg BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.a <> E'w\nw') EXECUTE FUNCTION suppress_redundant_updates_trigger(E'arg\n1', 'b');
CREATE AGGREGATE ag (text) (SFUNC = textcat, STYPE = text, INITCOND = E'i\nj');
