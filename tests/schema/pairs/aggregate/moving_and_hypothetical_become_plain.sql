-- old
CREATE AGGREGATE m(float8) (SFUNC = float8pl, STYPE = float8, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = float8, SSPACE = 64, SORTOP = <); CREATE AGGREGATE r(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
-- new
CREATE AGGREGATE m(x float8) (SFUNC = float8pl, STYPE = float8, SORTOP = >); CREATE AGGREGATE r(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = percent_rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
