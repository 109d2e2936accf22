-- forbid: DROP TABLE
-- base
CREATE TABLE log (id int PRIMARY KEY, v text);
-- old
-- new
ALTER TABLE log RENAME TO log_old; ALTER INDEX log_pkey RENAME TO log_old_pkey; CREATE TABLE log (id bigint PRIMARY KEY, v jsonb);
-- data
INSERT INTO log VALUES (1, 'x');
-- check: SELECT v FROM log_old; => x
