-- forbid: DROP TABLE
-- old
CREATE TABLE cache (key text PRIMARY KEY, value jsonb);
-- new
CREATE UNLOGGED TABLE cache (key text PRIMARY KEY, value jsonb);
-- data
INSERT INTO cache VALUES ('a', '1');
-- check: SELECT count(*) FROM cache; => 1
