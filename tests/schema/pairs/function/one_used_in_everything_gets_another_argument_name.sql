-- recreates: p.g
-- old
CREATE FUNCTION norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
CREATE TABLE p (id int PRIMARY KEY, n text DEFAULT norm('X'), g text GENERATED ALWAYS AS (norm(n)) STORED, CONSTRAINT c CHECK (norm(n) <> ''));
CREATE INDEX i ON p (norm(n)); CREATE INDEX j ON p (id) WHERE norm(n) = 'a';
CREATE VIEW v AS SELECT norm(n) AS x FROM p;
ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY pol ON p USING (norm(n) = current_user);
CREATE DOMAIN dom AS text CHECK (norm(VALUE) = VALUE);
CREATE STATISTICS st ON norm(n), id FROM p;
-- new
CREATE FUNCTION norm(value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(value)';
CREATE TABLE p (id int PRIMARY KEY, n text DEFAULT norm('X'), g text GENERATED ALWAYS AS (norm(n)) STORED, CONSTRAINT c CHECK (norm(n) <> ''));
CREATE INDEX i ON p (norm(n)); CREATE INDEX j ON p (id) WHERE norm(n) = 'a';
CREATE VIEW v AS SELECT norm(n) AS x FROM p;
ALTER TABLE p ENABLE ROW LEVEL SECURITY; CREATE POLICY pol ON p USING (norm(n) = current_user);
CREATE DOMAIN dom AS text CHECK (norm(VALUE) = VALUE);
CREATE STATISTICS st ON norm(n), id FROM p;
