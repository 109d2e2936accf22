-- old
CREATE TYPE address AS (street text, zip int, gone text);
-- new
CREATE TYPE address AS (street text, zip text, city text COLLATE "C");
COMMENT ON COLUMN address.city IS 'city';
