-- require: lakebase_new_t_a_key
-- old
CREATE TABLE t (a int, b int, CONSTRAINT t_a_key UNIQUE (a));
CREATE UNIQUE INDEX t_b ON t (b);
COMMENT ON CONSTRAINT t_a_key ON t IS 'one each';
-- new
CREATE TABLE t (a int, b int, CONSTRAINT t_a_key UNIQUE NULLS NOT DISTINCT (a) DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX t_b ON t (b) NULLS NOT DISTINCT;
COMMENT ON CONSTRAINT t_a_key ON t IS 'one each';
