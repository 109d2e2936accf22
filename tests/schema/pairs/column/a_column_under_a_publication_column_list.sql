-- old
CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int); CREATE PUBLICATION p FOR TABLE t (id, a, b) WHERE (a > 0);
-- new
CREATE TABLE t (id bigint PRIMARY KEY, a bigint, b varchar(30), d int); CREATE PUBLICATION p FOR TABLE t (id, b, d);
