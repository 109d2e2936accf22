-- old
CREATE TABLE t (start_at date, end_at date, kind varchar(5), n int, CONSTRAINT ord CHECK (start_at < end_at), CONSTRAINT k CHECK (kind IN ('x','y')), CONSTRAINT nn CHECK (n % 2 = 0));
-- new
CREATE TABLE t (start_at timestamptz, end_at timestamptz, kind text, n bigint, CONSTRAINT ord CHECK (start_at < end_at), CONSTRAINT k CHECK (kind IN ('x','y')), CONSTRAINT nn CHECK (n % 2 = 0));
-- data
INSERT INTO t VALUES ('2020-01-01','2020-01-02','x',2);
