-- forbid: DROP (VIEW|AGGREGATE)
-- old
CREATE AGGREGATE s(int) (SFUNC = int4pl, STYPE = int); CREATE VIEW v AS SELECT s(x) AS t FROM generate_series(1, 3) x; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT s(x) FROM generate_series(1, 3) x; END;
-- new
CREATE AGGREGATE s(int) (SFUNC = int4pl, STYPE = int, INITCOND = '10', PARALLEL = SAFE, COMBINEFUNC = int4pl); CREATE VIEW v AS SELECT s(x) AS t FROM generate_series(1, 3) x; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT s(x) FROM generate_series(1, 3) x; END;
