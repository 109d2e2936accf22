-- recreates: t.[bc]
-- old
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b int DEFAULT 5, c int GENERATED ALWAYS AS (b * 2) STORED);
-- new
CREATE TABLE t (a int NOT NULL DEFAULT 7, b int GENERATED ALWAYS AS (a * 2) STORED, c int);
