-- forbid: DROP COLUMN
-- old
CREATE TABLE t (a int, b int DEFAULT 1, c int DEFAULT 2, d timestamptz DEFAULT now());
-- new
CREATE TABLE t (a int DEFAULT 3, b int DEFAULT 4, c int, d timestamptz DEFAULT clock_timestamp());
