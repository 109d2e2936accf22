-- old
CREATE TYPE s AS ENUM ('new','open','closed'); CREATE TABLE t (s s DEFAULT 'new'); CREATE VIEW v AS SELECT * FROM t WHERE s = 'open';
-- new
CREATE TYPE s AS ENUM ('created','open','done'); CREATE TABLE t (s s DEFAULT 'created'); CREATE VIEW v AS SELECT * FROM t WHERE s = 'open';
-- data
INSERT INTO t VALUES ('new'),('closed');
-- check: SELECT string_agg(s::text, ',') FROM t => created,done
