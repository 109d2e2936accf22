-- old
CREATE TABLE t (id int);
-- new
CREATE TYPE tr AS RANGE (subtype = time, multirange_type_name = tmr); CREATE TABLE t (id int, open tr, all_open tmr DEFAULT '{}'); CREATE INDEX i ON t USING gist (open);
