-- old
CREATE TABLE t (id int, k int NOT NULL, a text, CONSTRAINT t_pkey PRIMARY KEY (id)); CREATE VIEW v AS SELECT id, a FROM t GROUP BY id;
-- new
CREATE TABLE t (id int NOT NULL, k int NOT NULL, a text, CONSTRAINT t_pkey PRIMARY KEY (k)); CREATE VIEW v AS SELECT k, a FROM t GROUP BY k;
