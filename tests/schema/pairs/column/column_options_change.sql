-- old
CREATE TABLE t (a int, b int);
ALTER TABLE t ALTER b SET (n_distinct = 5);
-- new
CREATE TABLE t (a int, b int);
ALTER TABLE t ALTER a SET (n_distinct = -0.5, n_distinct_inherited = 100);
