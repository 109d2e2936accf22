-- old
CREATE TABLE users (id int PRIMARY KEY);
-- new
CREATE TABLE users (id int PRIMARY KEY, token uuid NOT NULL DEFAULT gen_random_uuid());
-- data
INSERT INTO users VALUES (1), (2);
-- check: SELECT count(DISTINCT token) FROM users; => 2
