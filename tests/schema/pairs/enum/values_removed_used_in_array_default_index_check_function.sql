-- old
CREATE TYPE s AS ENUM ('draft','live','dead'); CREATE TABLE t (id int PRIMARY KEY, s s NOT NULL DEFAULT 'draft', ss s[] DEFAULT '{draft,live}'); CREATE INDEX t_s ON t (s) WHERE s <> 'dead'; ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'dead' OR id > 5); CREATE FUNCTION f(x s DEFAULT 'live') RETURNS s LANGUAGE sql AS 'SELECT x'; CREATE VIEW v AS SELECT id, s FROM t WHERE s = 'live';
-- new
CREATE TYPE s AS ENUM ('draft','live'); CREATE TABLE t (id int PRIMARY KEY, s s NOT NULL DEFAULT 'draft', ss s[] DEFAULT '{draft,live}'); CREATE INDEX t_s ON t (s); ALTER TABLE t ADD CONSTRAINT c CHECK (s <> 'draft' OR id > 5); CREATE FUNCTION f(x s DEFAULT 'live') RETURNS s LANGUAGE sql AS 'SELECT x'; CREATE VIEW v AS SELECT id, s FROM t WHERE s = 'live';
-- data
INSERT INTO t VALUES (9);
-- check: SELECT s || array_to_string(ss,',') FROM t => draftdraft,live
