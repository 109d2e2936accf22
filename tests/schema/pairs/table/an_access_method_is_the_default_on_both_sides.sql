-- base
CREATE TABLE t (id int) USING heap;
-- old
-- new
COMMENT ON TABLE t IS 'heap';
