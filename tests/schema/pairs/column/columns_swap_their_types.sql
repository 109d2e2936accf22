-- old
CREATE TABLE t (a int, b text, c bool DEFAULT true); CREATE VIEW v AS SELECT a, b FROM t;
-- new
CREATE TABLE t (a text, b int, c text DEFAULT 'yes'); CREATE VIEW v AS SELECT a, b FROM t;
