-- requires-extension: citext
-- old
CREATE TABLE u (id int PRIMARY KEY, email text NOT NULL UNIQUE, nick varchar(30)); CREATE INDEX u_nick ON u (lower(nick)); CREATE VIEW v AS SELECT email FROM u WHERE email LIKE '%x';
-- new
CREATE EXTENSION citext; CREATE TABLE u (id int PRIMARY KEY, email citext NOT NULL UNIQUE, nick citext); CREATE INDEX u_nick ON u (nick); CREATE VIEW v AS SELECT email FROM u WHERE email LIKE '%x';
-- data
INSERT INTO u VALUES (1,'A@b','N');
-- check: SELECT count(*) FROM u WHERE email='a@B' => 1
