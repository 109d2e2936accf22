-- old
CREATE TABLE base (id int PRIMARY KEY, v int);
CREATE VIEW stats AS SELECT id, v FROM base;
CREATE VIEW top AS SELECT * FROM stats WHERE v > 5;
GRANT SELECT ON stats TO alice;
-- new
CREATE TABLE base (id int PRIMARY KEY, v int);
CREATE TABLE stats (id int PRIMARY KEY, v int);
CREATE VIEW top AS SELECT * FROM stats WHERE v > 5;
GRANT SELECT ON stats TO alice;
