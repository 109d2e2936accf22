-- old
CREATE TYPE pt AS (x int, y int);
CREATE FUNCTION pt_lt(pt, pt) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x < ($2).x';
CREATE OPERATOR <# (LEFTARG = pt, RIGHTARG = pt, FUNCTION = pt_lt);
CREATE TABLE t (p pt); CREATE VIEW v AS SELECT * FROM t WHERE p <# ROW(1,2)::pt;
-- new
CREATE TYPE pt AS (x int, y int);
CREATE FUNCTION pt_lt(pt, pt) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x < ($2).x';
CREATE FUNCTION pt_gt(pt, pt) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x > ($2).x';
CREATE OPERATOR <# (LEFTARG = pt, RIGHTARG = pt, FUNCTION = pt_lt, COMMUTATOR = #>, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR #> (LEFTARG = pt, RIGHTARG = pt, FUNCTION = pt_gt, COMMUTATOR = <#);
COMMENT ON OPERATOR <# (pt, pt) IS 'less'; ALTER OPERATOR #> (pt, pt) OWNER TO alice;
CREATE TABLE t (p pt); CREATE VIEW v AS SELECT * FROM t WHERE p <# ROW(1,2)::pt;
