-- forbid: DROP TABLE
-- old
CREATE TABLE m (id int, ts int NOT NULL, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts); CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM (0) TO (10); CREATE INDEX m_ts ON m (ts);
-- new
CREATE TABLE m (id int, ts int NOT NULL, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts); CREATE TABLE m_1 (id int NOT NULL, ts int NOT NULL, CONSTRAINT m_1_pkey PRIMARY KEY (id, ts)); CREATE INDEX m_ts ON m (ts); CREATE INDEX m_1_ts_idx ON m_1 (ts);
