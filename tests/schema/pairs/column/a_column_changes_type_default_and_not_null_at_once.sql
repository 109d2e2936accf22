-- old
CREATE TABLE t (id int PRIMARY KEY, active int, flags text NOT NULL DEFAULT '0', created text DEFAULT 'now', amount varchar(20) DEFAULT '0');
-- new
CREATE TABLE t (id int PRIMARY KEY, active boolean NOT NULL DEFAULT true, flags int DEFAULT 5, created timestamptz NOT NULL DEFAULT now(), amount numeric(12,2) NOT NULL DEFAULT 0);
-- data
INSERT INTO t VALUES (1, 1, '7', '2020-01-01', '12.5');
-- check: SELECT active::text || flags || amount FROM t => true712.50
