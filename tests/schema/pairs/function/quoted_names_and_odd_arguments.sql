-- old
CREATE SCHEMA "My App";
CREATE TYPE "My App"."Kind, of" AS ENUM ('a');
CREATE FUNCTION "My App"."do It"("the arg" "My App"."Kind, of", "OUT" int DEFAULT 1) RETURNS int LANGUAGE sql AS $_$SELECT $2$_$;
CREATE FUNCTION f("a, b" int, OUT "x, OUT y" int) LANGUAGE sql AS 'SELECT 1';
-- new
CREATE SCHEMA "My App";
CREATE TYPE "My App"."Kind, of" AS ENUM ('a', 'b');
CREATE FUNCTION "My App"."do It"("the arg" "My App"."Kind, of", "OUT" int DEFAULT 2) RETURNS int LANGUAGE sql AS $_$SELECT $2 + 1$_$;
COMMENT ON FUNCTION "My App"."do It"("My App"."Kind, of", int) IS 'does'; GRANT EXECUTE ON FUNCTION "My App"."do It"("My App"."Kind, of", int) TO alice;
CREATE FUNCTION f("a, b" int, OUT "x, OUT y" int, OUT z int) LANGUAGE sql AS 'SELECT 1, 2';
ALTER FUNCTION f(int) OWNER TO bob;
