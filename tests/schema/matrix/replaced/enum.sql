-- replaced: value_removed
-- type: x.e
-- value: 'a'::x.e
-- expression: CASE WHEN 'a'::x.e < 'b'::x.e THEN @ ELSE 0 END
-- old
CREATE TYPE x.e AS ENUM ('a', 'b', 'c');
-- new
CREATE TYPE x.e AS ENUM ('a', 'b');
-- both
COMMENT ON TYPE x.e IS 'kept';
REVOKE USAGE ON TYPE x.e FROM PUBLIC;
GRANT USAGE ON TYPE x.e TO alice;
-- replaced: values_reordered
-- type: x.e
-- value: 'a'::x.e
-- expression: CASE WHEN 'a'::x.e < 'b'::x.e THEN @ ELSE 0 END
-- old
CREATE TYPE x.e AS ENUM ('a', 'b');
-- new
CREATE TYPE x.e AS ENUM ('b', 'a');
