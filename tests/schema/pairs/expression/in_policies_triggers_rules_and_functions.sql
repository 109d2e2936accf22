-- base
CREATE DOMAIN dv AS varchar(10);
CREATE DOMAIN dt AS text;
CREATE TYPE en AS ENUM('a','b','c');
CREATE TABLE t(id int PRIMARY KEY, s varchar(20), t text, c char(5), n numeric(10,2), i int, b bigint, sm smallint, f float8, r real, bo boolean, bp boolean, d date, ts timestamp, tz timestamptz, iv INTERVAL, j jsonb, js json, arr text[], va varchar[], ia int[], u uuid, e en, dv dv, dt dt, nm name, BY bytea, ip inet, x xml, rg int4range, bits bit(4), vb varbit(8), mo money, pt point, oi oid, rc regclass);
CREATE TABLE t2(id int PRIMARY KEY, t_id int REFERENCES t, s varchar(20), q int, d date, bo boolean);
-- old
-- new
CREATE MATERIALIZED VIEW m1 AS SELECT id, s FROM t WHERE s IN ('a','b') AND i BETWEEN 1 AND 2 AND bo;
CREATE POLICY p1 ON t USING (s IN ('a','b')) WITH CHECK (i BETWEEN 1 AND 2 AND bo);
CREATE POLICY p2 ON t2 FOR SELECT TO public USING (t_id IN (SELECT id FROM t WHERE s IN ('a','b')) AND bo);
CREATE FUNCTION tf() RETURNS TRIGGER LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr1 BEFORE UPDATE ON t FOR EACH ROW WHEN (new.s IN ('a','b') AND new.i BETWEEN 1 AND 2 AND new.bo) EXECUTE FUNCTION tf();
CREATE TRIGGER tr2 BEFORE UPDATE ON t FOR EACH ROW WHEN (new.i BETWEEN 1 AND 2 AND new.bo) EXECUTE FUNCTION tf();
CREATE TRIGGER tr3 after UPDATE OF s ON t FOR EACH ROW WHEN (old.* IS DISTINCT FROM new.*) EXECUTE FUNCTION tf();
CREATE TABLE ru(id int, s varchar(20), q int, bo boolean);
CREATE RULE r1 AS ON INSERT TO ru WHERE new.s IN ('a','b') AND new.q BETWEEN 1 AND 2 DO ALSO INSERT INTO t2(id, s) VALUES (1, 'x');
CREATE RULE r2 AS ON UPDATE TO ru WHERE new.q BETWEEN 1 AND 2 AND new.bo DO ALSO DELETE FROM t2 WHERE s IN ('a','b') AND q BETWEEN 1 AND 2 AND bo;
CREATE TABLE mt(id int);
CREATE FUNCTION f1(a varchar) RETURNS boolean LANGUAGE sql BEGIN ATOMIC
    SELECT a IN ('a','b') AND EXISTS(SELECT 1 FROM t WHERE i BETWEEN 1 AND 2 AND bo);
END;
CREATE FUNCTION f2(a int, b boolean) RETURNS boolean LANGUAGE sql RETURN a BETWEEN 1 AND 2 AND b;
CREATE FUNCTION f3(a varchar DEFAULT CASE WHEN 'a'::varchar IN ('b','c') THEN 'x' ELSE 'y' END, b boolean DEFAULT (1 BETWEEN 0 AND 2 AND true)) RETURNS int LANGUAGE sql AS 'select 1';
CREATE PROCEDURE f4(a int) LANGUAGE sql BEGIN ATOMIC
    INSERT INTO t2(id,s) SELECT id, s FROM t WHERE s IN ('a','b') ON CONFLICT (id) DO UPDATE SET s = excluded.s WHERE t2.s IN ('x','y') AND t2.q BETWEEN 1 AND 2 AND t2.bo RETURNING id;
    UPDATE t2 SET bo = (q BETWEEN 1 AND 2 AND bo) WHERE s IN ('a','b');
    DELETE FROM t2 USING t WHERE t.id = t2.id AND t.s IN ('a','b');
    MERGE INTO mt USING t ON t.id=mt.id AND t.s IN ('a','b') WHEN MATCHED AND t.i BETWEEN 1 AND 2 AND t.bo THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (t.id);
END;
CREATE STATISTICS st1 ON (s IN ('a','b')), (i BETWEEN 1 AND 2 AND bo), i FROM t;
CREATE TABLE ex(a int, r int4range, s varchar, bo boolean, EXCLUDE USING gist (r WITH &&) WHERE (s IN ('a','b') AND a BETWEEN 1 AND 2 AND bo));
CREATE PUBLICATION pu FOR TABLE t WHERE (nm IN ('a','b') AND t IN ('x','y') AND n IN (1,2) AND i BETWEEN 1 AND 2 AND bo);
CREATE TABLE pa(a varchar, b int) PARTITION BY list ((CASE WHEN a IN ('x','y') THEN 1 ELSE 2 END));
CREATE TABLE pa1 PARTITION OF pa FOR VALUES IN (1);
