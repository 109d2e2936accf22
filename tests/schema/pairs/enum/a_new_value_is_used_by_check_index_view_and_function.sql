-- old
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE t (s state);
-- new
CREATE TYPE state AS ENUM ('open', 'closed', 'lost');
CREATE TABLE t (s state, why text, CONSTRAINT c CHECK (s <> 'lost' OR why IS NOT NULL));
CREATE INDEX lost ON t (s) WHERE s = 'lost';
CREATE VIEW v AS SELECT * FROM t WHERE s = 'lost'::state;
CREATE FUNCTION f(state DEFAULT 'lost') RETURNS boolean LANGUAGE sql RETURN $1 = 'lost';
