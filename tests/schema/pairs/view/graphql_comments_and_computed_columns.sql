-- old
CREATE TABLE person (id int PRIMARY KEY, first text, last text);
COMMENT ON TABLE person IS E'@omit create\nA person'; CREATE FUNCTION person_name(p person) RETURNS text LANGUAGE sql STABLE AS $$SELECT p.first || ' ' || p.last$$; COMMENT ON FUNCTION person_name(person) IS E'@sortable';
CREATE VIEW people AS SELECT p.*, person_name(p) AS name FROM person p; COMMENT ON VIEW people IS E'@primaryKey id'; COMMENT ON COLUMN people.name IS '@notNull';
-- new
CREATE TABLE person (id int PRIMARY KEY, first text, last text, born date);
COMMENT ON TABLE person IS E'@omit create,delete\nA person'; CREATE FUNCTION person_name(p person, sep text DEFAULT ' ') RETURNS text LANGUAGE sql STABLE AS $$SELECT p.first || sep || p.last$$; COMMENT ON FUNCTION person_name(person, text) IS E'@sortable'; CREATE FUNCTION person_age(p person) RETURNS int LANGUAGE sql STABLE AS $$SELECT extract(year FROM age(p.born))::int$$;
CREATE VIEW people AS SELECT p.*, person_name(p) AS name, person_age(p) AS age FROM person p; COMMENT ON VIEW people IS E'@primaryKey id'; COMMENT ON COLUMN people.name IS '@notNull'; COMMENT ON COLUMN people.age IS '';
