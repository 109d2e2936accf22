-- old
CREATE TABLE users (id int PRIMARY KEY);
-- new
CREATE TABLE users (id int PRIMARY KEY, active boolean NOT NULL DEFAULT true);
-- data
INSERT INTO users VALUES (1), (2);
-- check: SELECT count(*) FROM users WHERE active; => 2
