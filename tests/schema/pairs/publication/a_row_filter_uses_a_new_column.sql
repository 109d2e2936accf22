-- old
CREATE TABLE t (id int PRIMARY KEY, a int, b text); CREATE TABLE u (id int PRIMARY KEY); CREATE SCHEMA s; CREATE TABLE s.x (a int);
CREATE PUBLICATION p FOR TABLE t (id, a) WHERE (a > 0), u;
-- new
CREATE TABLE t (id int PRIMARY KEY, a int, b text, live bool NOT NULL DEFAULT true); CREATE TABLE u (id int PRIMARY KEY); CREATE SCHEMA s; CREATE TABLE s.x (a int);
CREATE PUBLICATION p FOR TABLE t WHERE (id > 5 AND live), TABLES IN SCHEMA s WITH (publish = 'insert', publish_via_partition_root = true);
ALTER PUBLICATION p OWNER TO alice; COMMENT ON PUBLICATION p IS 'out';
