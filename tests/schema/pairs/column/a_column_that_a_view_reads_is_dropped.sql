-- old
CREATE TABLE users (id int PRIMARY KEY, first text, last text);
CREATE VIEW names AS SELECT id, first, last FROM users;
-- new
CREATE TABLE users (id int PRIMARY KEY, first text);
CREATE VIEW names AS SELECT id, first FROM users;
