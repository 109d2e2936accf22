-- forbid: DROP TABLE
-- old
CREATE TABLE doc (id int, body text) WITH (toast.autovacuum_enabled = false);
-- new
CREATE TABLE doc (id int, body text) WITH (toast.autovacuum_enabled = true, toast_tuple_target = 256);
