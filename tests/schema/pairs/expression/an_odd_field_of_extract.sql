-- old
CREATE TABLE t (a timestamptz, d date, i interval);
-- new
CREATE TABLE t (a timestamptz, d date, i interval, y int GENERATED ALWAYS AS (EXTRACT('Year' FROM d)) STORED, CHECK (EXTRACT(EPOCH FROM i) > 0), CHECK (date_part('DOW', d) < 6)); CREATE INDEX e ON t (EXTRACT('MONTH' FROM d)); CREATE VIEW v AS SELECT EXTRACT("Century" FROM a) c, EXTRACT('time' FROM a::time + interval '1' hour) FROM t WHERE false;
