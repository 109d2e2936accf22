-- require: SET SCHEMA
-- forbid: DROP TABLE|CREATE TABLE
-- base
CREATE SCHEMA b;
CREATE TABLE t (id int PRIMARY KEY, x int UNIQUE, y int);
CREATE UNIQUE INDEX uu ON t (y); CREATE INDEX gone ON t (x, y); CREATE INDEX same ON t (y, x); CREATE INDEX old_name ON t (id, y);
CREATE INDEX expression ON t ((x + 1)); CREATE INDEX partial ON t (id) WHERE x > 3;
-- old
-- new
ALTER TABLE t SET SCHEMA b; ALTER TABLE b.t ALTER x TYPE bigint;
DROP INDEX b.uu; CREATE UNIQUE INDEX uu ON b.t (y, x); DROP INDEX b.gone; ALTER INDEX b.old_name RENAME TO new_name; CREATE INDEX more ON b.t (x, id);
-- data
INSERT INTO t VALUES (1, 2, 3);
-- check: SELECT id, x, y FROM b.t; => 1|2|3
