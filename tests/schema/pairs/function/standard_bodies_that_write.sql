-- old
CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE log (at timestamptz, what text);
CREATE PROCEDURE add_one(i int) BEGIN ATOMIC INSERT INTO t VALUES (i, 0); INSERT INTO log VALUES (now(), 'x'); END;
CREATE FUNCTION double(i int) RETURNS int IMMUTABLE RETURN i * 2;
-- new
CREATE TABLE t (id bigint PRIMARY KEY, n int, m text DEFAULT 'q'); CREATE TABLE log (at timestamptz, what text, who text DEFAULT current_user);
CREATE PROCEDURE add_one(i bigint) BEGIN ATOMIC INSERT INTO t VALUES (i, 0); UPDATE t SET m = 'r' WHERE id = i; INSERT INTO log VALUES (now(), 'y'); END;
CREATE FUNCTION double(i int) RETURNS int IMMUTABLE RETURN i * 2 + 0;
