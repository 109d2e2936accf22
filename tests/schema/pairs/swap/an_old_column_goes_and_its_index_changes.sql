-- require: lakebase_new_t_i
-- old
CREATE TABLE t (a int, b int);
CREATE INDEX t_i ON t (a, b);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, b);
-- new
CREATE TABLE t (b int, c int);
CREATE INDEX t_i ON t (b, c);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (b, c);
