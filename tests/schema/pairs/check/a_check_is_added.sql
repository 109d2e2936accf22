-- old
CREATE TABLE t (price numeric);
-- new
CREATE TABLE t (price numeric CONSTRAINT positive CHECK (price > 0));
