-- old
CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node, path text);
-- new
CREATE TABLE node (id bigint PRIMARY KEY, parent bigint REFERENCES node ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, path text, root bigint REFERENCES node);
-- data
INSERT INTO node VALUES (1,NULL),(2,1);
