-- old
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE TABLE log (what text);
CREATE VIEW v AS SELECT id, name AS label FROM t;
CREATE VIEW w AS SELECT label FROM v;
CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.id, new.label);
CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE t SET name = new.label WHERE id = old.id; RETURN new; END';
CREATE TRIGGER tr INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION up();
COMMENT ON TRIGGER tr ON v IS 'writes through'; COMMENT ON RULE ins ON v IS 'inserts';
-- new
CREATE TABLE t (id int PRIMARY KEY, name text);
CREATE TABLE log (what text);
CREATE VIEW v AS SELECT id, name AS title FROM t;
CREATE VIEW w AS SELECT title FROM v;
CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.id, new.title);
CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE t SET name = new.title WHERE id = old.id; RETURN new; END';
CREATE TRIGGER tr INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION up();
COMMENT ON TRIGGER tr ON v IS 'writes through'; COMMENT ON RULE ins ON v IS 'inserts';
