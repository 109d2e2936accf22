-- old
-- new
CREATE FUNCTION eq(int, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text = $2';
CREATE FUNCTION ne(int, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1::text <> $2';
CREATE OPERATOR ==# (LEFTARG = int, RIGHTARG = text, FUNCTION = eq, NEGATOR = <>#);
CREATE OPERATOR <># (LEFTARG = int, RIGHTARG = text, FUNCTION = ne, NEGATOR = ==#);
