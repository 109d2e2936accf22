-- base
CREATE TYPE person AS (name text, born date);
-- old
-- new
CREATE TABLE people OF person (name WITH OPTIONS NOT NULL, PRIMARY KEY (name));
