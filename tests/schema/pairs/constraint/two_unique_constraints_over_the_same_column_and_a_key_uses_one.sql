-- old
CREATE TABLE p (id int, CONSTRAINT u1 UNIQUE (id), CONSTRAINT u2 UNIQUE (id)); CREATE TABLE c (p_id int REFERENCES p (id));
-- new
CREATE TABLE p (id int, CONSTRAINT u2 UNIQUE (id)); CREATE TABLE c (p_id int REFERENCES p (id));
