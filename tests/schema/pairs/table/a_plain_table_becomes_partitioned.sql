-- expect: refused both ways
-- old
CREATE TABLE log (at date NOT NULL, msg text);
-- new
CREATE TABLE log (at date NOT NULL, msg text) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
