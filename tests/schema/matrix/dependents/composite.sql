-- dependent: typed_table
CREATE TABLE t OF {L};
INSERT INTO t DEFAULT VALUES;
-- dependent: typed_table_with_parts
CREATE TABLE t OF {L} (PRIMARY KEY (a));
CREATE VIEW v AS SELECT a FROM t;
INSERT INTO t (a) VALUES (1);
-- dependent: attribute_in_view
CREATE TABLE t (id integer, c {L});
INSERT INTO t VALUES (1, NULL);
CREATE VIEW v AS SELECT (c).a AS b FROM t;
CREATE INDEX i ON t (((c).a));
-- dependent: attribute_in_check
CREATE TABLE t (id integer, c {L}, CHECK ((c).a IS NOT NULL OR id > 0));
INSERT INTO t VALUES (1, NULL);
-- dependent: attribute_in_body
CREATE FUNCTION f(c {L}) RETURNS integer BEGIN ATOMIC SELECT (c).a; END;
-- dependent: attribute_in_generated
CREATE TABLE t (id integer, c {L}, g integer GENERATED ALWAYS AS ((c).a) STORED);
INSERT INTO t VALUES (1, NULL);
