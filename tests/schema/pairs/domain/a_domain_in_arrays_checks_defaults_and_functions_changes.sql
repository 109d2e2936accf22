-- old
CREATE DOMAIN email AS varchar(100) CHECK (VALUE ~ '@'); CREATE TABLE t (id int, e email NOT NULL DEFAULT 'a@b', es email[]); CREATE FUNCTION f(x email) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE INDEX i ON t (lower(e)); CREATE VIEW v AS SELECT e FROM t WHERE e IN ('a@b','c@d');
-- new
CREATE DOMAIN email AS text NOT NULL CHECK (VALUE ~ '^[^@]+@[^@]+$'); CREATE TABLE t (id int, e email DEFAULT 'a@b', es email[]); CREATE FUNCTION f(x email) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE INDEX i ON t (lower(e)); CREATE VIEW v AS SELECT e FROM t WHERE e IN ('a@b','c@d');
-- data
INSERT INTO t VALUES (1,'q@w','{}');
-- check: SELECT e FROM t => q@w
