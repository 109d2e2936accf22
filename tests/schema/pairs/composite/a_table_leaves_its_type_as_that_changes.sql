-- old
CREATE TYPE person AS (name text, age int);
CREATE TABLE p OF person (PRIMARY KEY (name));
CREATE TABLE q OF person (age WITH OPTIONS DEFAULT 3);
-- new
CREATE TYPE person AS (name text, age bigint, mail text);
CREATE TABLE p OF person (PRIMARY KEY (name), mail WITH OPTIONS NOT NULL DEFAULT '');
CREATE TABLE q (name text, age bigint DEFAULT 4, mail text);
-- data
INSERT INTO p VALUES ('a', 1);
