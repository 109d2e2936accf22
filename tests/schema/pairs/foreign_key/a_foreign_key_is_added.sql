-- old
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int, p int);
-- new
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c (id int, p int REFERENCES p);
