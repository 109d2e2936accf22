-- old
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, street text, city text); CREATE VIEW address AS SELECT id, street, city FROM users;
-- new
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE); CREATE TABLE address (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE, street text, city text);
