-- old
CREATE TABLE t (a int); COMMENT ON TABLE t IS 'old'; COMMENT ON COLUMN t.a IS 'gone';
-- new
CREATE TABLE t (a int); COMMENT ON TABLE t IS 'new; -- with $$ signs';
