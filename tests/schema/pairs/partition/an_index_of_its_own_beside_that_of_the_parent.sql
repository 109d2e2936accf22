-- base
CREATE TABLE pay (k int, c int) PARTITION BY LIST (k);
CREATE INDEX idx ON pay (c);
CREATE UNIQUE INDEX uidx ON pay (k, c);
-- old

-- new
CREATE TABLE pay1 PARTITION OF pay FOR VALUES IN (1);
CREATE INDEX own ON pay1 (c);
CREATE UNIQUE INDEX a_own ON pay1 (k, c);
