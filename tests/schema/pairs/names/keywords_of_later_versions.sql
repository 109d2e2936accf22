-- check: SELECT json_value FROM kv => precious
-- base
CREATE SCHEMA json_array;
CREATE TABLE kv (id int PRIMARY KEY, json_value text DEFAULT 'x', json json, "system_user" text, merge_action int);
CREATE TABLE json_exists (id int, json_object int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TYPE json_table AS ENUM ('json_value');
CREATE TYPE json_scalar AS (json json, json_value text);
CREATE INDEX json_query ON kv (json_value, (json ->> 'a')) WHERE "system_user" IS NOT NULL;
CREATE VIEW v AS SELECT json_value, json, "system_user", json::text AS json_serialize, ('{"a": 1}'::json) ->> 'a' AS a FROM kv;
CREATE VIEW w AS SELECT k.json, r.json AS json_objectagg FROM kv k, json_to_record('{}') r("json" json);
CREATE FUNCTION json_array.json_object("json" json, "json_value" "json_table", OUT "system_user" json) LANGUAGE sql RETURN "json";
CREATE FUNCTION "json"(json) RETURNS json LANGUAGE sql RETURN $1;
CREATE SEQUENCE json_arrayagg OWNED BY kv.id;
ALTER TABLE kv ALTER merge_action SET DEFAULT nextval('json_arrayagg');
CREATE POLICY json_table ON kv USING ("system_user" = current_user AND json IS NOT NULL);
COMMENT ON COLUMN kv.json_value IS 'json_value';
COMMENT ON FUNCTION "json"(json) IS 'json';
GRANT SELECT (json, json_value) ON kv TO alice;
-- old
-- data
INSERT INTO kv (id, json_value) VALUES (1, 'precious');
-- new
ALTER TABLE kv ADD json_exists json;
ALTER TABLE json_exists ADD CONSTRAINT json_value CHECK (id > 0);
CREATE TABLE json (json json, merge_action int PRIMARY KEY);
