-- old
CREATE TYPE status AS ENUM ('a', 'b');
CREATE TABLE t (id int PRIMARY KEY, s status NOT NULL DEFAULT 'a');
CREATE FUNCTION set_status(i int, s status DEFAULT 'b') RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE t SET s = $2 WHERE id = i; END';
CREATE FUNCTION with_status(s status[]) RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM t WHERE t.s = ANY ($1)';
CREATE VIEW v AS SELECT * FROM with_status(ARRAY['a']::status[]);
-- new
CREATE TYPE state AS ENUM ('a', 'b', 'c');
CREATE TABLE t (id int PRIMARY KEY, s state NOT NULL DEFAULT 'a');
CREATE FUNCTION set_status(i int, s state DEFAULT 'c') RETURNS void LANGUAGE plpgsql AS 'BEGIN UPDATE t SET s = $2 WHERE id = i; END';
CREATE FUNCTION with_status(s state[]) RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM t WHERE t.s = ANY ($1)';
CREATE VIEW v AS SELECT * FROM with_status(ARRAY['a']::state[]);
