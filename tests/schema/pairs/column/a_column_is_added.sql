-- forbid: DROP
-- old
CREATE TABLE users (id int PRIMARY KEY);
-- new
CREATE TABLE users (id int PRIMARY KEY, nickname varchar(40));
-- data
INSERT INTO users VALUES (1), (2);
-- check: SELECT count(*) FROM users; => 2
