-- forbid: DROP COLUMN
-- base
CREATE TABLE t (id int, v text);
-- old
-- new
ALTER TABLE t RENAME v TO v_old; ALTER TABLE t ADD COLUMN v int;
-- data
INSERT INTO t VALUES (1, 'x');
-- check: SELECT v_old FROM t; => x
