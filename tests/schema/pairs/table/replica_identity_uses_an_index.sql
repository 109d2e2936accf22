-- old
CREATE TABLE t (id int NOT NULL, v text);
CREATE UNIQUE INDEX t_id ON t (id);
-- new
CREATE TABLE t (id int NOT NULL, v text);
CREATE UNIQUE INDEX t_id ON t (id);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_id;
