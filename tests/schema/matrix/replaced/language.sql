-- replaced: handler
-- expression: x.f(@)
-- old
CREATE FUNCTION x.validator(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE FUNCTION x.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE xl HANDLER x.handler;
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE xl IMMUTABLE AS 'BEGIN RETURN a; END';
-- new
CREATE FUNCTION x.validator(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE FUNCTION x.handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE xl HANDLER x.handler VALIDATOR x.validator;
CREATE FUNCTION x.f(a integer) RETURNS integer LANGUAGE xl IMMUTABLE AS 'BEGIN RETURN a; END';
