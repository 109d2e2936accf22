-- old
CREATE TABLE users (id int PRIMARY KEY);
-- new
CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL);
