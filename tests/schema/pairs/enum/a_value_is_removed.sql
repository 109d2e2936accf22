-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TYPE state AS ENUM ('open', 'legacy', 'closed');
CREATE TABLE t (s state NOT NULL DEFAULT 'open', ss state[]);
CREATE INDEX t_s ON t (s);
CREATE VIEW v AS SELECT s FROM t;
-- new
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE t (s state NOT NULL DEFAULT 'open', ss state[]);
CREATE INDEX t_s ON t (s);
CREATE VIEW v AS SELECT s FROM t;
-- data
INSERT INTO t VALUES ('closed', '{open}');
-- check: SELECT s FROM v; => closed
