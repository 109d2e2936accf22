-- forbid: DROP TABLE
-- old
CREATE TABLE m (k text) PARTITION BY LIST (k);
CREATE TABLE m_a PARTITION OF m FOR VALUES IN ('a');
-- new
CREATE TABLE m (k text) PARTITION BY LIST (k);
CREATE TABLE m_a PARTITION OF m FOR VALUES IN ('a', 'b', NULL);
-- data
INSERT INTO m VALUES ('a');
-- check: SELECT k FROM m_a; => a
