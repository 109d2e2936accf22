-- old
CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE g (id int PRIMARY KEY); CREATE TABLE ug (id serial PRIMARY KEY, u_id int REFERENCES u, g_id int REFERENCES g); CREATE UNIQUE INDEX ug_u ON ug (u_id, g_id);
-- new
CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE g (id int PRIMARY KEY); CREATE TABLE ug (u_id int REFERENCES u ON DELETE CASCADE, g_id int REFERENCES g ON DELETE CASCADE, added timestamptz DEFAULT now(), PRIMARY KEY (u_id, g_id)); CREATE INDEX ug_g ON ug (g_id);
-- data
INSERT INTO u VALUES (1); INSERT INTO g VALUES (1); INSERT INTO ug(u_id,g_id) VALUES (1,1);
-- check: SELECT count(*) FROM ug => 1
