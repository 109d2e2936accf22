-- forbid: DROP TABLE
-- old
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t (a text COLLATE ci UNIQUE);
-- new
CREATE COLLATION ci (provider = icu, locale = 'de-u-ks-level1', deterministic = false);
CREATE TABLE t (a text COLLATE ci UNIQUE);
