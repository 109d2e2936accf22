-- expect: same
-- old
CREATE TABLE t (a int, b int, CONSTRAINT c UNIQUE (b)); CREATE VIEW v AS SELECT a FROM t;
-- new
CREATE TABLE t (x int, a int, CONSTRAINT c CHECK (a > 0)); DROP TABLE t; CREATE TABLE t (b int, c text, a int); ALTER TABLE t DROP c; ALTER TABLE t ADD CONSTRAINT c UNIQUE (b); CREATE VIEW v AS SELECT t.a FROM t;
