-- forbid: DROP
-- old
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN 1; END$$;
-- new
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  -- it's "quoted" and has $body$ inside
  RETURN 2;
END
$$;
