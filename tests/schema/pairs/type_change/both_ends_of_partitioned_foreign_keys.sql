-- old
CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE c (id int PRIMARY KEY, p_id int, p_k int, FOREIGN KEY (p_id, p_k) REFERENCES p ON DELETE CASCADE); CREATE VIEW v AS SELECT p.id, c.id AS c FROM p JOIN c ON c.p_id = p.id;
-- new
CREATE TABLE p (id bigint, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE c (id bigint PRIMARY KEY, p_id bigint, p_k int, FOREIGN KEY (p_id, p_k) REFERENCES p ON DELETE CASCADE); CREATE VIEW v AS SELECT p.id, c.id AS c FROM p JOIN c ON c.p_id = p.id;
-- data
INSERT INTO p VALUES (1,1); INSERT INTO c VALUES (1,1,1);
