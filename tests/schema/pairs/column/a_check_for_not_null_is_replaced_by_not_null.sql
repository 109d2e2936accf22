-- old
CREATE TABLE t (id int, CONSTRAINT id_present CHECK (id IS NOT NULL));
-- new
CREATE TABLE t (id int NOT NULL);
