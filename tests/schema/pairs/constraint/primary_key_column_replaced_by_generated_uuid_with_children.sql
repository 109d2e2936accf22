-- old
CREATE TABLE a (id serial PRIMARY KEY, code text NOT NULL); CREATE TABLE b (id serial PRIMARY KEY, a_id int NOT NULL REFERENCES a ON DELETE CASCADE, UNIQUE (a_id, id));
-- new
CREATE TABLE a (uid uuid DEFAULT gen_random_uuid() PRIMARY KEY, id serial UNIQUE, code text NOT NULL UNIQUE); CREATE TABLE b (id serial PRIMARY KEY, a_id int NOT NULL REFERENCES a (id) ON DELETE CASCADE, a_uid uuid REFERENCES a ON DELETE CASCADE, UNIQUE (a_id, id));
-- data
INSERT INTO a(code) VALUES ('x'); INSERT INTO b(a_id) VALUES (1);
-- check: SELECT count(uid) FROM a => 1
