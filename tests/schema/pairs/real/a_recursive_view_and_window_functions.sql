-- old
CREATE TABLE n (id int PRIMARY KEY, up int, name text);
-- new
CREATE TABLE n (id int PRIMARY KEY, up int, name text); CREATE RECURSIVE VIEW tree (id, depth) AS SELECT id, 0 FROM n WHERE up IS NULL UNION ALL SELECT n.id, depth + 1 FROM n JOIN tree ON n.up = tree.id; CREATE VIEW r AS SELECT id, row_number() OVER (PARTITION BY up ORDER BY name) FROM n;
