-- old
CREATE TABLE p (id int, k text, UNIQUE (id, k)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a'); CREATE TABLE r (id int, k text, FOREIGN KEY (id, k) REFERENCES p (id, k));
-- new
CREATE TABLE p (id int, k text, CONSTRAINT p_pk PRIMARY KEY (k, id)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('a'); CREATE TABLE r (id int, k text, FOREIGN KEY (k, id) REFERENCES p (k, id));
