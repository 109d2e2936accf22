-- forbid: DROP TABLE
-- old
CREATE TYPE address AS (street text);
CREATE TABLE t (a address, b address[]);
-- new
CREATE TYPE address AS (street text, zip text);
CREATE TABLE t (a address, b address[]);
