-- expect: same
-- old
CREATE TABLE t (a int); CREATE INDEX i ON t (a);
-- new
CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY i ON t (a); REINDEX TABLE t;
