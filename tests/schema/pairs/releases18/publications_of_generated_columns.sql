-- min-version: 18
-- old
CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) STORED); CREATE PUBLICATION p FOR TABLE t;
-- new
CREATE TABLE t (id int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) STORED); CREATE PUBLICATION p FOR TABLE t (id, b) WITH (publish_generated_columns = stored, publish = 'insert'); CREATE PUBLICATION q FOR ALL TABLES WITH (publish_generated_columns = none);
