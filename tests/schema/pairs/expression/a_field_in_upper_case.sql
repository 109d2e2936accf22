-- old

-- new
CREATE TABLE t (d date, y int GENERATED ALWAYS AS (extract('YEAR' FROM d)) STORED, CHECK (extract('MONTH' FROM d) > 3), CHECK (extract(day FROM d) > 3));
CREATE VIEW v AS SELECT extract('YEAR' FROM d) AS y, extract('DOW' FROM d) AS dow FROM t WHERE extract('EPOCH' FROM d) > 1;
