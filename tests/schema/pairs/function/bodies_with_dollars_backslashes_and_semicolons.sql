-- old
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $outer$BEGIN EXECUTE $in$SELECT 'a;b'$in$; RETURN E'\\ \n'; -- end; 
END$outer$;
CREATE FUNCTION "we""ird;"() RETURNS text LANGUAGE sql AS 'SELECT ''it''''s;''';
-- new
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $outer$BEGIN EXECUTE $function$SELECT 'a;b;'$function$; RETURN E'\\ \t'; /* $body$ ; */
END$outer$;
CREATE FUNCTION "we""ird;"() RETURNS text LANGUAGE sql AS 'SELECT ''it''''s;;'''; COMMENT ON FUNCTION "we""ird;"() IS E'semi;colon\n-- and a comment $$';
