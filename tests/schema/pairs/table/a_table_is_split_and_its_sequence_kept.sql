-- old
CREATE TABLE t (id serial PRIMARY KEY, name text, addr text, city text); CREATE INDEX t_city ON t (city);
-- new
CREATE TABLE t (id serial PRIMARY KEY, name text); CREATE TABLE addr (id int PRIMARY KEY DEFAULT nextval('t_id_seq'), t_id int NOT NULL UNIQUE REFERENCES t ON DELETE CASCADE, addr text, city text); CREATE INDEX t_city ON addr (city);
