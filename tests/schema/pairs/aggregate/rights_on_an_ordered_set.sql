-- base
CREATE FUNCTION st(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'select $1 + $2';
CREATE FUNCTION fin(int, float8) RETURNS int IMMUTABLE LANGUAGE sql AS 'select $1';
-- old

-- new
CREATE AGGREGATE os(float8 ORDER BY int) (SFUNC = st, STYPE = int, FINALFUNC = fin);
GRANT EXECUTE ON FUNCTION os(float8, int) TO alice;
CREATE AGGREGATE ranked(VARIADIC "any" ORDER BY VARIADIC "any")
    (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
REVOKE EXECUTE ON FUNCTION ranked("any") FROM PUBLIC;
COMMENT ON AGGREGATE ranked(VARIADIC "any" ORDER BY VARIADIC "any") IS 'a rank';
CREATE AGGREGATE middle(ORDER BY int) (SFUNC = st, STYPE = int);
GRANT EXECUTE ON FUNCTION middle(int) TO bob WITH GRANT OPTION;
CREATE AGGREGATE total(int) (SFUNC = st, STYPE = int);
GRANT EXECUTE ON FUNCTION total(int) TO bob;
