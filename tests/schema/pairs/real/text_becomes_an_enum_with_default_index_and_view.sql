-- forbid: DROP (TABLE|COLUMN)
-- check: SELECT status FROM v; => done
-- old
CREATE TABLE t (id serial PRIMARY KEY, status text NOT NULL DEFAULT 'new', CONSTRAINT t_status CHECK (status IN ('new','done'))); CREATE INDEX i ON t (status); CREATE VIEW v AS SELECT id, status FROM t;
-- new
CREATE TYPE status AS ENUM ('new','done'); CREATE TABLE t (id serial PRIMARY KEY, status status NOT NULL DEFAULT 'new'); CREATE INDEX i ON t (status); CREATE VIEW v AS SELECT id, status FROM t;
-- data
INSERT INTO t (status) VALUES ('done');
