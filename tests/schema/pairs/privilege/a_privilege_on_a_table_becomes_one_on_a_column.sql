-- check: SELECT has_column_privilege('bob', 't', 'A', 'UPDATE WITH GRANT OPTION') => t
-- old
CREATE TABLE t ("A" int, z int); GRANT UPDATE (z) ON t TO bob; GRANT ALL ON t TO bob;
-- new
CREATE TABLE t ("A" int, z int); GRANT UPDATE ("A", z) ON t TO bob WITH GRANT OPTION;
