-- replaced: subtype
-- type: x.r
-- value: 'empty'::x.r
-- expression: coalesce(lower(x.r(@, @))::integer, 0)
-- old
CREATE TYPE x.r AS RANGE (subtype = integer);
-- new
CREATE TYPE x.r AS RANGE (subtype = bigint);
-- both
COMMENT ON TYPE x.r IS 'kept';
-- replaced: multirange_of_subtype
-- type: x.m
-- value: '{}'::x.m
-- expression: coalesce(lower(x.m(x.r(@, @)))::integer, 0)
-- old
CREATE TYPE x.r AS RANGE (subtype = integer, multirange_type_name = x.m);
-- new
CREATE TYPE x.r AS RANGE (subtype = bigint, multirange_type_name = x.m);
-- replaced: subtype_diff
-- type: x.r
-- value: 'empty'::x.r
-- expression: coalesce(lower(x.r(@, @))::integer, 0)
-- old
CREATE TYPE x.r AS RANGE (subtype = integer);
-- new
CREATE TYPE x.r AS RANGE (subtype = integer, subtype_diff = int4range_subdiff);
-- replaced: multirange_name
-- type: x.r
-- value: 'empty'::x.r
-- expression: coalesce(lower(x.r(@, @))::integer, 0)
-- old
CREATE TYPE x.r AS RANGE (subtype = integer, multirange_type_name = x.one);
-- new
CREATE TYPE x.r AS RANGE (subtype = integer, multirange_type_name = x.other);
