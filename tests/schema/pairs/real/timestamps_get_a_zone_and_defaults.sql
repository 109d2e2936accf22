-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, created_at timestamp, updated_at timestamp DEFAULT now()); CREATE INDEX t_c ON t (created_at DESC); CREATE VIEW v AS SELECT id, date_trunc('day', created_at) d FROM t;
-- new
CREATE TABLE t (id int PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz(6) DEFAULT CURRENT_TIMESTAMP); CREATE INDEX t_c ON t (created_at DESC); CREATE VIEW v AS SELECT id, date_trunc('day', created_at) d FROM t;
