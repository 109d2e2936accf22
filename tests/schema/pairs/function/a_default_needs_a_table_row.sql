-- old
CREATE TABLE t (id int PRIMARY KEY);
-- data
INSERT INTO t VALUES (1), (2);
-- new
CREATE TABLE counters (name text PRIMARY KEY, v bigint NOT NULL DEFAULT 0);
CREATE FUNCTION a_next(n text) RETURNS bigint LANGUAGE plpgsql AS $$DECLARE r bigint; BEGIN INSERT INTO counters AS c VALUES (n, 1) ON CONFLICT (name) DO UPDATE SET v = c.v + 1 RETURNING v INTO r; RETURN r; END$$;
CREATE TABLE t (id int PRIMARY KEY, no bigint NOT NULL DEFAULT a_next('t'));
