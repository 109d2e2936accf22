-- old
CREATE TYPE status AS ENUM ('a', 'b');
CREATE TABLE t (s status);
-- new
CREATE DOMAIN status AS text CHECK (VALUE IN ('a', 'b'));
CREATE TABLE t (s status);
