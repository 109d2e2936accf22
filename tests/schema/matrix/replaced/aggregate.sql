-- replaced: state_function
-- query: x.agg(@)
-- old
CREATE AGGREGATE x.agg(integer) (sfunc = int4pl, stype = integer, initcond = '0');
-- new
CREATE AGGREGATE x.agg(integer) (sfunc = int4mul, stype = integer, initcond = '1');
-- both
COMMENT ON AGGREGATE x.agg(integer) IS 'kept';
-- replaced: result
-- query: x.agg(@)::bigint
-- old
CREATE AGGREGATE x.agg(integer) (sfunc = int4pl, stype = integer, initcond = '0');
-- new
CREATE AGGREGATE x.agg(integer) (sfunc = int4_sum, stype = bigint);
