-- base
CREATE TABLE l (k text) PARTITION BY LIST (k);
CREATE TABLE r (k text) PARTITION BY RANGE (k);
CREATE TABLE l1 (k text);
CREATE TABLE r1 (k text);
-- new
ALTER TABLE l ATTACH PARTITION l1 FOR VALUES IN ('a, NULL, b', ')');
ALTER TABLE r ATTACH PARTITION r1 FOR VALUES FROM (') TO (') TO ('x) TO (');
-- require: CHECK \(k IS NOT NULL AND k IN \('a, NULL, b', '\)'\)\)
-- require: CHECK \(k IS NOT NULL AND k >= '\) TO \(' AND k < 'x\) TO \('\)
