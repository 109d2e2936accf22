-- replaced: attribute_added
-- type: x.c
-- value: NULL::x.c
-- composite: x.c
-- expression: coalesce((NULL::x.c).a, @)
-- row old: ROW(1, 'x')::x.c
-- row new: ROW(1, 'x', 2)::x.c
-- old
CREATE TYPE x.c AS (a integer, b text);
-- new
CREATE TYPE x.c AS (a integer, b text, more integer);
-- both
COMMENT ON TYPE x.c IS 'kept';
REVOKE USAGE ON TYPE x.c FROM PUBLIC;
GRANT USAGE ON TYPE x.c TO alice;
-- replaced: attribute_retyped
-- type: x.c
-- value: NULL::x.c
-- composite: x.c
-- expression: coalesce((NULL::x.c).a, @)
-- old
CREATE TYPE x.c AS (a integer, b integer);
-- new
CREATE TYPE x.c AS (a integer, b bigint);
-- replaced: attributes_reordered
-- type: x.c
-- value: NULL::x.c
-- composite: x.c
-- expression: coalesce((NULL::x.c).a, @)
-- old
CREATE TYPE x.c AS (a integer, b integer);
-- new
CREATE TYPE x.c AS (b integer, a integer);
