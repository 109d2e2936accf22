-- base
CREATE TABLE m (k text) PARTITION BY LIST (k);
-- ours
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a, b', 'c) TO (d');
-- theirs
CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('a, c', 'b', 'c');
