-- old
CREATE TABLE t (id int PRIMARY KEY, name varchar(50), data json, at timestamp); CREATE INDEX i1 ON t (lower(name)); CREATE INDEX i2 ON t ((data->>'k')); CREATE INDEX i3 ON t (date_trunc('day', at)); CREATE UNIQUE INDEX i4 ON t (id, (name || 'x')) WHERE name <> '';
-- new
CREATE TABLE t (id int PRIMARY KEY, name text, data jsonb, at timestamptz); CREATE INDEX i1 ON t (lower(name)); CREATE INDEX i2 ON t ((data->>'k')); CREATE INDEX i3 ON t (date_trunc('day', at AT TIME ZONE 'UTC')); CREATE UNIQUE INDEX i4 ON t (id, (name || 'x')) WHERE name <> '';
-- data
INSERT INTO t VALUES (1,'a','{}',now());
