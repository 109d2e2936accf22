-- min-version: 18
-- recreates: r.g
-- require: COMMENT ON CONSTRAINT aa ON public\.t IS 'changed'
-- base
CREATE TABLE kept (a int NOT NULL, b int); COMMENT ON CONSTRAINT kept_a_not_null ON kept IS 'as it was';
CREATE TABLE p (a int NOT NULL, k int) PARTITION BY LIST (k); CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1);
-- old
CREATE TABLE t (a int NOT NULL, b int CONSTRAINT bb NOT NULL, c int); COMMENT ON CONSTRAINT t_a_not_null ON t IS 'why';
CREATE DOMAIN d AS int NOT NULL; COMMENT ON CONSTRAINT d_not_null ON DOMAIN d IS 'of the domain';
CREATE TABLE w (a int, b int); ALTER TABLE w ADD CONSTRAINT nn NOT NULL a; COMMENT ON CONSTRAINT nn ON w IS 'valid';
CREATE TABLE r (a int, g int GENERATED ALWAYS AS (a + 1) STORED NOT NULL, x int NOT NULL); COMMENT ON CONSTRAINT r_x_not_null ON r IS 'x'; CREATE VIEW v AS SELECT x FROM r;
-- new
CREATE TABLE t (a int CONSTRAINT aa NOT NULL, b int NOT NULL, c int NOT NULL); COMMENT ON CONSTRAINT aa ON t IS 'changed';
COMMENT ON CONSTRAINT t_b_not_null ON t IS 'it''s new'; COMMENT ON CONSTRAINT t_c_not_null ON t IS E'two\nlines';
CREATE DOMAIN d AS int CONSTRAINT dd NOT NULL; COMMENT ON CONSTRAINT dd ON DOMAIN d IS 'of the domain';
CREATE TABLE w (a int, b int NOT NULL); ALTER TABLE w ADD CONSTRAINT nn NOT NULL a NOT VALID; COMMENT ON CONSTRAINT nn ON w IS 'valid';
CREATE TABLE r (a int, g bigint GENERATED ALWAYS AS (a + 2) STORED NOT NULL, x bigint NOT NULL); COMMENT ON CONSTRAINT r_x_not_null ON r IS 'y';
COMMENT ON CONSTRAINT r_g_not_null ON r IS 'computed'; CREATE VIEW v AS SELECT x FROM r;
COMMENT ON CONSTRAINT p_a_not_null ON p IS 'above'; COMMENT ON CONSTRAINT p_a_not_null ON p_1 IS 'below';
CREATE TABLE fresh (a int CONSTRAINT x NOT NULL NO INHERIT, b int PRIMARY KEY); COMMENT ON CONSTRAINT x ON fresh IS 'c'; COMMENT ON CONSTRAINT fresh_b_not_null ON fresh IS 'd';
CREATE TABLE below () INHERITS (fresh); COMMENT ON CONSTRAINT fresh_b_not_null ON below IS 'e';
