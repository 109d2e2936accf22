-- forbid: DROP (TABLE|COLUMN)
-- check: SELECT a FROM v; => 7.00
-- old
CREATE DOMAIN amount AS int CHECK (VALUE >= 0); CREATE TABLE t (id int, a amount DEFAULT 0, CONSTRAINT c CHECK (a < 100)); CREATE VIEW v AS SELECT a FROM t;
-- new
CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE >= 0); CREATE TABLE t (id int, a amount DEFAULT 0, CONSTRAINT c CHECK (a < 100)); CREATE VIEW v AS SELECT a FROM t;
-- data
INSERT INTO t VALUES (1, 7);
