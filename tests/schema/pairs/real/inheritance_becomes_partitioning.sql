-- expect: refused both ways
-- old
CREATE TABLE log (id int, d int NOT NULL); CREATE TABLE log_1 (CHECK (d < 10)) INHERITS (log);
-- new
CREATE TABLE log (id int, d int NOT NULL) PARTITION BY RANGE (d); CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10);
