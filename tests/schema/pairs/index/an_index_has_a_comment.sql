-- old
CREATE TABLE t (a int);
CREATE INDEX i ON t (a);
COMMENT ON INDEX i IS 'old';
-- new
CREATE TABLE t (a int);
CREATE INDEX i ON t (a DESC);
COMMENT ON INDEX i IS 'new';
