-- old
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE VIEW a AS SELECT id FROM t; CREATE VIEW b WITH (security_barrier = false) AS SELECT id FROM t; CREATE VIEW c WITH (check_option = local, security_barrier) AS SELECT id FROM t WHERE id > 0; CREATE VIEW d WITH (security_invoker = true) AS SELECT id FROM t;
-- new
CREATE TABLE t (id int PRIMARY KEY, a text);
CREATE VIEW a WITH (security_invoker, security_barrier) AS SELECT id FROM t; CREATE VIEW b AS SELECT id FROM t; CREATE VIEW c AS SELECT id, a FROM t WHERE id > 1 WITH CASCADED CHECK OPTION; CREATE VIEW d AS SELECT id, a FROM t;
