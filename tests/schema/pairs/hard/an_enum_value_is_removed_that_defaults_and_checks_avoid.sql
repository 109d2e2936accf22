-- old
CREATE TYPE s AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id int, x s NOT NULL DEFAULT 'a', y s[] DEFAULT '{a,b}', CHECK (x <> 'b'));
CREATE INDEX t_x ON t (x) WHERE x = 'a';
CREATE VIEW v AS SELECT id FROM t WHERE x = 'a';
CREATE FUNCTION f(s DEFAULT 'a') RETURNS s LANGUAGE sql AS 'SELECT $1';
COMMENT ON TYPE s IS 'state';
GRANT USAGE ON TYPE s TO alice;
-- new
CREATE TYPE s AS ENUM ('b', 'a');
CREATE TABLE t (id int, x s NOT NULL DEFAULT 'a', y s[] DEFAULT '{a,b}', CHECK (x <> 'b'));
CREATE INDEX t_x ON t (x) WHERE x = 'a';
CREATE VIEW v AS SELECT id FROM t WHERE x = 'a';
CREATE FUNCTION f(s DEFAULT 'a') RETURNS s LANGUAGE sql AS 'SELECT $1';
COMMENT ON TYPE s IS 'state';
GRANT USAGE ON TYPE s TO alice;
