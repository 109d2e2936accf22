-- require: DROP TABLE
-- old
CREATE TABLE sessions (id int PRIMARY KEY, payload text);
CREATE TABLE kept (id int PRIMARY KEY);
-- new
CREATE TABLE kept (id int PRIMARY KEY);
CREATE TABLE tokens (id int PRIMARY KEY, token uuid NOT NULL);
