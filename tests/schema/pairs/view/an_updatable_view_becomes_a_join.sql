-- old
CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a, y int);
CREATE VIEW v WITH (security_barrier) AS SELECT id, x FROM a WHERE x > 0 WITH LOCAL CHECK OPTION;
GRANT INSERT, SELECT ON v TO alice;
-- new
CREATE TABLE a (id int PRIMARY KEY, x int); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a, y int);
CREATE VIEW v WITH (security_invoker = on) AS SELECT a.id, a.x, b.y FROM a LEFT JOIN b ON b.a_id = a.id;
GRANT SELECT ON v TO alice;
