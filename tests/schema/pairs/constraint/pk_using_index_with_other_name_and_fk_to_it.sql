-- old
CREATE TABLE a (id int NOT NULL, t int NOT NULL); CREATE UNIQUE INDEX a_id_t ON a (id, t); CREATE TABLE b (id int, t int, FOREIGN KEY (id, t) REFERENCES a (id, t));
-- new
CREATE TABLE a (id int NOT NULL, t int NOT NULL, CONSTRAINT a_pkey PRIMARY KEY (id, t)); CREATE TABLE b (id int, t int, FOREIGN KEY (id, t) REFERENCES a (id, t));
-- data
INSERT INTO a VALUES (1,1); INSERT INTO b VALUES (1,1);
