-- expect: refused both ways
-- old
CREATE TABLE m (a date NOT NULL, b int NOT NULL) PARTITION BY RANGE (a);
-- new
CREATE TABLE m (a date NOT NULL, b int NOT NULL) PARTITION BY HASH (b);
