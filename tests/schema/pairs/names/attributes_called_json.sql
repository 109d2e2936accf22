-- old
CREATE TYPE c AS (a json, json json, b int);
CREATE TABLE t (a json, json json, b int, c c);
CREATE VIEW v AS SELECT x.json FROM t x, t json;
-- new
CREATE TYPE c AS (a json, json json, b int, d json, "json_value" json);
CREATE TABLE t (a json, json json, b int, c c, d json);
CREATE VIEW v AS SELECT x.json, json.b FROM t x, t json;
