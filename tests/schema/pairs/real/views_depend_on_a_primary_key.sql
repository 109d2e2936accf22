-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, a text, b text); CREATE VIEW v AS SELECT id, a, b FROM t GROUP BY id;
-- new
CREATE TABLE t (id bigint PRIMARY KEY, a text, b text, c int); CREATE VIEW v AS SELECT id, a, b, c FROM t GROUP BY id;
