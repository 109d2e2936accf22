-- base
CREATE SUBSCRIPTION taking CONNECTION 'dbname=nowhere' PUBLICATION told WITH (connect = false, slot_name = NONE);
-- old
COMMENT ON SUBSCRIPTION taking IS 'before';
-- new
COMMENT ON SUBSCRIPTION taking IS 'after'; CREATE TABLE t (a int);
