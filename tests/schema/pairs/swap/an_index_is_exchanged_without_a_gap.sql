-- require: CREATE INDEX CONCURRENTLY lakebase_new_t_idx ON
-- require: DROP INDEX CONCURRENTLY public.lakebase_old_t_idx
-- forbid: (?m)^DROP INDEX public
-- base
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
-- old
CREATE INDEX t_idx ON t (a);
COMMENT ON INDEX t_idx IS 'old';
-- new
CREATE INDEX t_idx ON t (b, a) INCLUDE (id);
COMMENT ON INDEX t_idx IS 'new';
ALTER TABLE t CLUSTER ON t_idx;
