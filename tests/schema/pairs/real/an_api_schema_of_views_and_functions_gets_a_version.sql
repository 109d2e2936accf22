-- old
CREATE SCHEMA data; CREATE SCHEMA v1;
CREATE TABLE data.todo (id serial PRIMARY KEY, task text NOT NULL, done bool NOT NULL DEFAULT false, owner text NOT NULL DEFAULT current_user);
CREATE VIEW v1.todo AS SELECT id, task, done FROM data.todo WHERE owner = current_user;
CREATE FUNCTION v1.finish(i int) RETURNS void LANGUAGE sql AS 'UPDATE data.todo SET done = true WHERE id = i';
GRANT USAGE ON SCHEMA v1 TO alice; GRANT SELECT, INSERT ON v1.todo TO alice; GRANT EXECUTE ON FUNCTION v1.finish(int) TO alice; GRANT USAGE ON SEQUENCE data.todo_id_seq TO alice;
-- new
CREATE SCHEMA data; CREATE SCHEMA v1; CREATE SCHEMA v2; COMMENT ON SCHEMA v2 IS 'the present api';
CREATE TYPE data.prio AS ENUM ('low', 'high');
CREATE TABLE data.todo (id bigserial PRIMARY KEY, task text NOT NULL, done_at timestamptz, owner text NOT NULL DEFAULT current_user, prio data.prio NOT NULL DEFAULT 'low');
CREATE VIEW v1.todo AS SELECT id::int AS id, task, done_at IS NOT NULL AS done FROM data.todo WHERE owner = current_user;
CREATE VIEW v2.todo WITH (security_barrier) AS SELECT id, task, done_at, prio FROM data.todo WHERE owner = current_user WITH CASCADED CHECK OPTION;
CREATE FUNCTION v1.finish(i int) RETURNS void LANGUAGE sql AS 'UPDATE data.todo SET done_at = now() WHERE id = i';
CREATE FUNCTION v2.finish(ids bigint[], at timestamptz DEFAULT now()) RETURNS SETOF v2.todo LANGUAGE sql AS 'UPDATE data.todo SET done_at = at WHERE id = ANY (ids) RETURNING id, task, done_at, prio';
CREATE FUNCTION v2.overdue(v2.todo) RETURNS bool LANGUAGE sql STABLE AS 'SELECT $1.done_at IS NULL'; COMMENT ON FUNCTION v2.overdue(v2.todo) IS 'computed column';
GRANT USAGE ON SCHEMA v1, v2 TO alice; GRANT SELECT ON v1.todo TO alice; GRANT SELECT, INSERT, UPDATE (task, prio) ON v2.todo TO alice; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA v2 TO alice; REVOKE EXECUTE ON FUNCTION v2.finish(bigint[], timestamptz) FROM PUBLIC; GRANT USAGE ON SEQUENCE data.todo_id_seq TO alice;
