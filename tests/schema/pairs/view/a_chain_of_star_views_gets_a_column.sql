-- old
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE VIEW a AS SELECT * FROM t;
CREATE VIEW b AS SELECT * FROM a WHERE id > 0;
CREATE VIEW c AS SELECT b.*, length(name) AS n FROM b;
-- new
CREATE TABLE t (id int PRIMARY KEY, name text, mail text);
CREATE VIEW a AS SELECT * FROM t;
CREATE VIEW b AS SELECT * FROM a WHERE id > 0;
CREATE VIEW c AS SELECT b.*, length(name) AS n FROM b;
