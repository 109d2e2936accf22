-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id serial PRIMARY KEY);
-- new
CREATE TABLE t (id bigserial PRIMARY KEY);
-- data
INSERT INTO t DEFAULT VALUES;
-- check: SELECT id FROM t; => 1
