-- old
CREATE TABLE t (id int, v int); CREATE VIEW s AS SELECT count(*) n FROM t; CREATE VIEW w AS SELECT n FROM s;
-- new
CREATE TABLE t (id int, v int); CREATE MATERIALIZED VIEW s AS SELECT count(*) n FROM t; CREATE VIEW w AS SELECT n FROM s;
