-- old
CREATE TYPE address AS (street text, zip int);
CREATE TABLE t (id int, a address);
-- new
CREATE TYPE address AS (street text, zip text);
CREATE TABLE t (id int, a address);
