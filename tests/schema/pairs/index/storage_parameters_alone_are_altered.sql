-- forbid: DROP INDEX
-- old
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int);
CREATE INDEX i ON t (a) WITH (fillfactor = 70, deduplicate_items = off);
