-- require: RENAME VALUE
-- forbid: CREATE TYPE|DROP
-- base
CREATE SCHEMA other; CREATE TYPE "S t" AS ENUM ('a', E'b\n''c'); CREATE TABLE t (s "S t" DEFAULT 'a', l "S t"[] DEFAULT '{a}');
-- old
-- new
ALTER TYPE "S t" RENAME TO st; ALTER TYPE st SET SCHEMA other; ALTER TYPE other.st RENAME VALUE E'b\n''c' TO E'd\te'; ALTER TYPE other.st ADD VALUE 'z' AFTER 'a';
-- data
INSERT INTO t VALUES (E'b\n''c');
-- check: SELECT s = E'd\te' FROM t; => t
