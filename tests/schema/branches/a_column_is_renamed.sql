-- require: RENAME COLUMN
-- forbid: DROP|ADD
-- base
CREATE TABLE t (id int PRIMARY KEY, nam text NOT NULL, CONSTRAINT named CHECK (nam <> ''));
CREATE INDEX t_nam ON t (lower(nam)) WHERE nam IS NOT NULL;
CREATE VIEW v AS SELECT nam AS name FROM t;
-- old
-- new
ALTER TABLE t RENAME COLUMN nam TO name;
-- data
INSERT INTO t VALUES (1, 'ann');
-- check: SELECT name FROM t; => ann
