-- require: lakebase_new_mv_i
-- base
CREATE TABLE t (a int, b int);
CREATE MATERIALIZED VIEW mv AS SELECT a, b FROM t;
-- old
CREATE UNIQUE INDEX mv_i ON mv (a);
-- new
CREATE UNIQUE INDEX mv_i ON mv (b);
ALTER INDEX mv_i SET (fillfactor = 80);
