-- old
CREATE TABLE p (k int NOT NULL, v int, PRIMARY KEY (k)) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
-- new
CREATE TABLE p (k int NOT NULL, v bigint, w text, PRIMARY KEY (k)) PARTITION BY RANGE (k); CREATE TABLE p1 (k int NOT NULL, v int, archived bool DEFAULT true, CONSTRAINT p1_pkey PRIMARY KEY (k));
-- data
INSERT INTO p VALUES (1,2);
-- check: SELECT v FROM p1 => 2
