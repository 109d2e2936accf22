-- require: DROP COLUMN
-- forbid: DROP TABLE
-- old
CREATE TABLE users (id int PRIMARY KEY, legacy text, name text);
-- new
CREATE TABLE users (id int PRIMARY KEY, name text);
-- data
INSERT INTO users VALUES (1, 'x', 'ann');
-- check: SELECT name FROM users; => ann
