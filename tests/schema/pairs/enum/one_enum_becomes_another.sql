-- old
CREATE TYPE a AS ENUM ('x', 'y');
CREATE TABLE t (s a DEFAULT 'x');
-- new
CREATE TYPE b AS ENUM ('x', 'y', 'z');
CREATE TABLE t (s b DEFAULT 'x');
