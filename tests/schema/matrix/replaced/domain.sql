-- replaced: base_type
-- type: x.d
-- value: 1::x.d
-- expression: (@::x.d)::integer
-- old
CREATE DOMAIN x.d AS integer;
-- new
CREATE DOMAIN x.d AS bigint;
-- both
COMMENT ON DOMAIN x.d IS 'kept';
-- replaced: base_type_with_check
-- type: x.d
-- value: 1::x.d
-- expression: (@::x.d)::integer
-- old
CREATE DOMAIN x.d AS integer CONSTRAINT k CHECK (VALUE > 0);
-- new
CREATE DOMAIN x.d AS bigint CONSTRAINT k CHECK (VALUE > 0);
-- both
COMMENT ON CONSTRAINT k ON DOMAIN x.d IS 'kept';
-- replaced: collation
-- type: x.d
-- value: 'a'::x.d
-- expression: CASE WHEN @::text::x.d < 'b' THEN 1 ELSE 0 END
-- old
CREATE DOMAIN x.d AS text COLLATE "C";
-- new
CREATE DOMAIN x.d AS text COLLATE "POSIX";
-- replaced: check_added
-- type: x.d
-- value: 1::x.d
-- expression: (@::x.d)::integer
-- old
CREATE DOMAIN x.d AS integer;
-- new
CREATE DOMAIN x.d AS integer CHECK (VALUE > -100);
-- replaced: check_changed
-- type: x.d
-- value: 1::x.d
-- expression: (@::x.d)::integer
-- old
CREATE DOMAIN x.d AS integer CONSTRAINT k CHECK (VALUE > -200);
-- new
CREATE DOMAIN x.d AS integer CONSTRAINT k CHECK (VALUE > -100);
-- replaced: default
-- type: x.d
-- value: 1::x.d
-- expression: (@::x.d)::integer
-- old
CREATE DOMAIN x.d AS integer;
-- new
CREATE DOMAIN x.d AS integer DEFAULT 1;
-- replaced: becomes_composite
-- type: x.d
-- value: NULL::x.d
-- old
CREATE DOMAIN x.d AS integer;
-- new
CREATE TYPE x.d AS (a integer);
