-- base
CREATE DOMAIN dv AS varchar(10);
CREATE DOMAIN dt AS text;
CREATE TYPE en AS ENUM('a','b','c');
CREATE TABLE t(id int PRIMARY KEY, s varchar(20), t text, c char(5), n numeric(10,2), i int, b bigint, sm smallint, f float8, r real, bo boolean, bp boolean, d date, ts timestamp, tz timestamptz, iv INTERVAL, j jsonb, js json, arr text[], va varchar[], ia int[], u uuid, e en, dv dv, dt dt, nm name, BY bytea, ip inet, x xml, rg int4range, bits bit(4), vb varbit(8), mo money, pt point, oi oid, rc regclass);
CREATE TABLE t2(id int PRIMARY KEY, t_id int REFERENCES t, s varchar(20), q int, d date, bo boolean);
-- old
-- new
CREATE INDEX i1 ON t(i) WHERE s IN ('a','b');
CREATE INDEX i2 ON t(i) WHERE i BETWEEN 1 AND 5 AND bo;
CREATE INDEX i3 ON t(i) WHERE bo AND i BETWEEN 1 AND 4;
CREATE INDEX i4 ON t((CASE WHEN s IN ('a','b') THEN 1 ELSE 2 END));
CREATE INDEX i5 ON t(lower(s), (coalesce(s,'x')));
CREATE INDEX i6 ON t((i BETWEEN 1 AND 2 AND bo));
CREATE INDEX i7 ON t(i) WHERE dv IN ('a','b') AND e NOT IN ('a') AND s NOT IN ('a','b') AND t IS NOT NULL;
CREATE INDEX i8 ON t ((s IN ('a','b')));
CREATE INDEX i9 ON t((j->>'a'), ((j->'b')::text));
CREATE INDEX i10 ON t (i) WHERE bo;
CREATE INDEX i11 ON t(i) WHERE NOT bo AND s = 'x';
CREATE INDEX i12 ON t (((i+b)*2), (i::text) text_pattern_ops);
ALTER TABLE t
    ADD g1 boolean GENERATED ALWAYS AS (s IN ('a','b')) STORED,
    ADD g2 text GENERATED ALWAYS AS (CASE WHEN i BETWEEN 1 AND 5 AND bo THEN 'x' ELSE s END) STORED,
    ADD g3 text GENERATED ALWAYS AS (t || ' ' || coalesce(s,'')) STORED,
    ADD de text DEFAULT CASE WHEN 'a'::varchar IN ('b','c') THEN 'z' END,
    ADD de2 boolean DEFAULT (1 BETWEEN 0 AND 2 AND true),
    ADD de3 varchar(5) DEFAULT 'x',
    ADD de4 numeric(10,2) DEFAULT 0,
    ADD de5 numeric(10,2) DEFAULT -1.5,
    ADD de6 smallint DEFAULT -1,
    ADD de7 bigint DEFAULT 10000000000,
    ADD de8 text[] DEFAULT '{}',
    ADD de9 varchar[] DEFAULT array['a','b'],
    ADD de10 text[] DEFAULT array['a','b']::varchar[],
    ADD de11 timestamptz DEFAULT now() + INTERVAL '1 day',
    ADD de12 date DEFAULT current_date,
    ADD de13 timestamp DEFAULT (now() at time zone 'utc'),
    ADD de14 jsonb DEFAULT '{}',
    ADD de15 char(3) DEFAULT 'a',
    ADD de16 en DEFAULT 'a',
    ADD de17 boolean DEFAULT false,
    ADD de18 text DEFAULT current_user ;
