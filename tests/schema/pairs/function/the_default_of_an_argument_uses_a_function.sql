-- old
-- new
CREATE FUNCTION zz() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION aa(x int DEFAULT zz(), y timestamptz DEFAULT now()) RETURNS int LANGUAGE sql AS 'SELECT x';
