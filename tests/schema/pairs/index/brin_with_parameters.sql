-- old
CREATE TABLE t (at timestamptz);
CREATE INDEX i ON t (at);
-- new
CREATE TABLE t (at timestamptz);
CREATE INDEX i ON t USING brin (at timestamptz_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 32, autosummarize = on);
