-- forbid: DROP COLUMN
-- old
CREATE TABLE t (id int, v text);
COMMENT ON COLUMN t.v IS 'the value';
GRANT SELECT (v) ON t TO alice;
-- new
CREATE TABLE t (id int, v varchar(9));
COMMENT ON COLUMN t.v IS 'the value';
GRANT SELECT (v) ON t TO alice;
