-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (a text PRIMARY KEY, b text); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT b FROM t;
-- new
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE t (a text COLLATE "C" PRIMARY KEY, b text COLLATE ci); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT b FROM t;
