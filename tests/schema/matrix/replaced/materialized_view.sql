-- replaced: definition
-- type: x.m
-- value: NULL::x.m
-- relation: x.m
-- expression: coalesce((NULL::x.m).a, @)
-- old
CREATE MATERIALIZED VIEW x.m AS SELECT 1 AS a, 2 AS b;
-- new
CREATE MATERIALIZED VIEW x.m AS SELECT 1 AS a, 2::bigint AS b;
-- both
CREATE UNIQUE INDEX i ON x.m (a);
COMMENT ON MATERIALIZED VIEW x.m IS 'kept';
COMMENT ON INDEX x.i IS 'kept';
GRANT SELECT ON x.m TO alice;
CREATE STATISTICS x.s ON a, b FROM x.m;
