-- forbid: DROP|ALTER TABLE
-- old
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood);
-- new
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (m mood);
-- data
INSERT INTO t VALUES ('ok');
-- check: SELECT m FROM t; => ok
