-- old
CREATE TYPE e AS ENUM ('a', 'b');
CREATE DOMAIN d AS e CHECK (VALUE <> 'b');
CREATE TABLE t (id int, x d[], y d DEFAULT 'a');
-- new
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE DOMAIN d AS e CHECK (VALUE <> 'b') CONSTRAINT late CHECK (VALUE <> 'a');
CREATE TABLE t (id int, x d[], y d);
