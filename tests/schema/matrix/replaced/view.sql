-- replaced: column_retyped
-- type: x.v
-- value: NULL::x.v
-- relation: x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a, 2 AS b;
-- new
CREATE VIEW x.v AS SELECT 1 AS a, 2::bigint AS b;
-- both
COMMENT ON VIEW x.v IS 'kept';
COMMENT ON COLUMN x.v.b IS 'kept';
GRANT SELECT ON x.v TO alice;
CREATE FUNCTION x.tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g INSTEAD OF INSERT ON x.v FOR EACH ROW EXECUTE FUNCTION x.tf();
-- replaced: column_added_first
-- type: x.v
-- value: NULL::x.v
-- relation: x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a;
-- new
CREATE VIEW x.v AS SELECT 2 AS b, 1 AS a;
-- replaced: column_added_last
-- type: x.v
-- value: NULL::x.v
-- relation: x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a;
-- new
CREATE VIEW x.v AS SELECT 1 AS a, 2 AS b;
-- replaced: definition
-- type: x.v
-- value: NULL::x.v
-- relation: x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a;
-- new
CREATE VIEW x.v AS SELECT 3 AS a;
-- replaced: becomes_materialized
-- type: x.v
-- value: NULL::x.v
-- relation: x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a;
-- new
CREATE MATERIALIZED VIEW x.v AS SELECT 1 AS a;
-- replaced: becomes_table
-- relation: x.v
-- type: x.v
-- value: NULL::x.v
-- expression: coalesce((NULL::x.v).a, @)
-- old
CREATE VIEW x.v AS SELECT 1 AS a;
-- new
CREATE TABLE x.v (a integer);
