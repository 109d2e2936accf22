-- no-hazard: authorization
-- old

-- new
CREATE TABLE t (id serial PRIMARY KEY, b text NOT NULL DEFAULT 'x');
ALTER TABLE t OWNER TO alice;
CREATE TYPE e AS ENUM ('a');
CREATE SCHEMA s AUTHORIZATION bob;
