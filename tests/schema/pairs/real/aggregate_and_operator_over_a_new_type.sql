-- old
CREATE TABLE t (id int);
-- new
CREATE TYPE money2 AS (amount numeric, cur text); CREATE FUNCTION m_add(money2, money2) RETURNS money2 IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE OPERATOR + (FUNCTION = m_add, LEFTARG = money2, RIGHTARG = money2, COMMUTATOR = +); CREATE AGGREGATE m_sum(money2) (SFUNC = m_add, STYPE = money2); CREATE TABLE t (id int, m money2); CREATE VIEW v AS SELECT m_sum(m) FROM t;
