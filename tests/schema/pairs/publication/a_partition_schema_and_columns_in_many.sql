-- old
CREATE TABLE p (id int PRIMARY KEY, k int, "Odd, col" text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9); CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, n int);
CREATE PUBLICATION one FOR TABLE p (id, "Odd, col") WITH (publish_via_partition_root); CREATE PUBLICATION two FOR TABLE p1, s.a WHERE (n IS NOT NULL);
-- new
CREATE TABLE p (id int PRIMARY KEY, "Odd, col" text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9); CREATE SCHEMA s; CREATE TABLE s.a (id int PRIMARY KEY, n bigint); CREATE TABLE s.b (id int PRIMARY KEY);
CREATE PUBLICATION one FOR TABLE p (id, "Odd, col") WITH (publish_via_partition_root, publish = 'insert'); CREATE PUBLICATION two FOR TABLE p1, s.a WHERE (n IS NULL), TABLES IN SCHEMA s WITH (publish = ''); ALTER PUBLICATION two OWNER TO bob;
