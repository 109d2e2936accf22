-- one-way
-- recreates: t_id_seq
-- old
CREATE TABLE t (id serial PRIMARY KEY); CREATE FUNCTION f(x bigint DEFAULT nextval('t_id_seq')) RETURNS bigint LANGUAGE sql AS 'SELECT x';
-- new
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE FUNCTION f(x bigint DEFAULT nextval('t_id_seq')) RETURNS bigint LANGUAGE sql AS 'SELECT x';
