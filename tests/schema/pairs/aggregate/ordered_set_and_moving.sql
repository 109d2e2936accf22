-- old
-- new
CREATE FUNCTION ap(anyarray, anyelement) RETURNS anyarray LANGUAGE sql IMMUTABLE AS 'SELECT array_append($1, $2)';
CREATE FUNCTION fin(anyarray) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT cardinality($1)';
CREATE AGGREGATE how_many(anyelement) (SFUNC = ap, STYPE = anyarray, FINALFUNC = fin, INITCOND = '{}');
CREATE AGGREGATE hypo(ORDER BY anyelement) (SFUNC = ap, STYPE = anyarray, FINALFUNC = fin, INITCOND = '{}');
CREATE AGGREGATE least_of(int) (SFUNC = int4smaller, STYPE = int, SORTOP = <, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, SSPACE = 10);
