-- expect: same
-- old
CREATE TABLE t (id serial PRIMARY KEY, v text); CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
-- new
CREATE TABLE t (id serial PRIMARY KEY, v text); INSERT INTO t (v) SELECT 'x' FROM generate_series(1, 100); ANALYZE t;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t; REFRESH MATERIALIZED VIEW m; SELECT nextval('t_id_seq') \g /dev/null
