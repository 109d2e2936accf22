-- old
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p_id int REFERENCES p);
-- new
CREATE TABLE p (id int NOT NULL); CREATE UNIQUE INDEX p_id ON p (id); CREATE TABLE c (p_id int REFERENCES p (id));
