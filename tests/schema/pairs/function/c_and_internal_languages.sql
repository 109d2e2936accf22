-- old
CREATE FUNCTION my_len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textlen';
-- new
CREATE FUNCTION my_len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE COST 5 AS 'textoctetlen';
CREATE FUNCTION my_trig() RETURNS trigger LANGUAGE c AS '$libdir/moddatetime', 'moddatetime';
