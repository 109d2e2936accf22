-- recreate-tables
-- recreates: t(_\w+)?(\.\w+)?
-- require: INSERT INTO
-- base
CREATE SCHEMA other;
-- old
CREATE TABLE t (id serial, kind text, at date, gone int DEFAULT 7, kept_type int) PARTITION BY RANGE (at);
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE t_2 PARTITION OF t DEFAULT;
CREATE TABLE other.t_3 PARTITION OF t FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE TABLE t_stays PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX t_kind ON t (kind); CREATE VIEW of_part AS SELECT id FROM t_1;
-- new
CREATE TABLE t (id serial, kind text, at date, added text DEFAULT 'new', kept_type bigint) PARTITION BY LIST (kind);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t_2 PARTITION OF t FOR VALUES IN ('b') PARTITION BY HASH (id);
CREATE TABLE t_2a PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE other.t_2b PARTITION OF t_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE t_stays (id int NOT NULL DEFAULT nextval('t_id_seq'), kind text, at date, gone int DEFAULT 7, kept_type int);
CREATE INDEX t_kind ON t (kind); CREATE INDEX t_stays_kind_idx ON t_stays (kind); CREATE VIEW of_part AS SELECT id FROM t_1;
-- data
INSERT INTO t (kind, at, kept_type) SELECT CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, '2023-12-01'::date + n * 10, n FROM generate_series(1, 80) n;
INSERT INTO t (kind, at) VALUES ('z', '2026-03-01');
-- hazard: data loss on public.t: values of column gone are lost
-- check: SELECT count(*), sum(kept_type), count(added), max(id) FROM t; => 76|2926|76|76
-- check: SELECT count(*) FROM t_stays; => 5
