-- old
CREATE TABLE cat (id int PRIMARY KEY, name text NOT NULL, lives int); CREATE TABLE dog (id int PRIMARY KEY, name text NOT NULL, tricks text[]);
-- new
CREATE TABLE animal (id int PRIMARY KEY, name text NOT NULL); CREATE TABLE cat (id int NOT NULL, name text NOT NULL, lives int, PRIMARY KEY (id)); CREATE TABLE dog (id int NOT NULL, name text NOT NULL, tricks text[], PRIMARY KEY (id)); ALTER TABLE cat INHERIT animal; ALTER TABLE dog INHERIT animal;
-- data
INSERT INTO cat VALUES (1,'tom',9);
-- check: SELECT count(*) FROM animal => 1
