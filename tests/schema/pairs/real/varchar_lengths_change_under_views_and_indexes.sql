-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (a varchar(10) PRIMARY KEY, b varchar(255), c char(3)); CREATE INDEX i ON t (lower(b)); CREATE VIEW v AS SELECT a || b AS ab, c FROM t;
-- new
CREATE TABLE t (a varchar(100) PRIMARY KEY, b text, c varchar(3)); CREATE INDEX i ON t (lower(b)); CREATE VIEW v AS SELECT a || b AS ab, c FROM t;
