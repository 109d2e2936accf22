-- old
CREATE COLLATION ci (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE TABLE t (a text, b text COLLATE ci);
CREATE INDEX i ON t (a COLLATE ci);
-- new
CREATE COLLATION ci (PROVIDER = icu, LOCALE = 'und-u-ks-level1', DETERMINISTIC = false);
CREATE TABLE t (a text, b text COLLATE ci);
CREATE INDEX i ON t (a COLLATE ci);
CREATE UNIQUE INDEX j ON t (b);
