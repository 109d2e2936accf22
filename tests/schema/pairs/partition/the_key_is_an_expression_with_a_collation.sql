-- old
-- new
CREATE TABLE m (name text NOT NULL) PARTITION BY LIST (lower(name) COLLATE "C");
CREATE TABLE m_a PARTITION OF m FOR VALUES IN ('a');
