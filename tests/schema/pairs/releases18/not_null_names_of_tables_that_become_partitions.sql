-- min-version: 18
-- require: RENAME CONSTRAINT a_id_not_null TO b_id_not_null
-- base
CREATE TABLE a (id int, k int, PRIMARY KEY (k, id)) PARTITION BY LIST (k); CREATE TABLE b (id int, k int, PRIMARY KEY (k, id)) PARTITION BY LIST (k);
-- old
CREATE TABLE a_1 PARTITION OF a FOR VALUES IN (1); CREATE TABLE b_1 PARTITION OF b FOR VALUES IN (1);
CREATE TABLE alone (id int NOT NULL, k int NOT NULL); CREATE TABLE required (id int, k int);
-- new
CREATE TABLE a_1 PARTITION OF b FOR VALUES IN (1); CREATE TABLE b_1 PARTITION OF a FOR VALUES IN (1);
CREATE TABLE alone PARTITION OF a FOR VALUES IN (2); CREATE TABLE required PARTITION OF a FOR VALUES IN (3);
-- data
INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (2, 1); INSERT INTO alone VALUES (3, 2); INSERT INTO required VALUES (4, 3);
-- check: SELECT count(*) FROM a JOIN b ON a.id > b.id; => 3
