-- old
CREATE TABLE job (id serial PRIMARY KEY, payload json, state text DEFAULT 'new'); CREATE FUNCTION take() RETURNS job LANGUAGE sql AS $$UPDATE job SET state = 'run' WHERE id = (SELECT id FROM job WHERE state = 'new' LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *$$;
-- new
CREATE TYPE job_state AS ENUM ('new', 'run', 'done', 'failed'); CREATE TYPE job_result AS (id bigint, ok bool, message text);
CREATE TABLE job (id bigserial PRIMARY KEY, queue text NOT NULL DEFAULT 'default', payload jsonb NOT NULL DEFAULT '{}', state job_state NOT NULL DEFAULT 'new', run_at timestamptz NOT NULL DEFAULT now(), attempts smallint NOT NULL DEFAULT 0); CREATE INDEX job_next ON job (queue, run_at) WHERE state = 'new';
CREATE FUNCTION take(q text DEFAULT 'default', n int DEFAULT 1) RETURNS SETOF job LANGUAGE sql AS $$UPDATE job SET state = 'run', attempts = attempts + 1 WHERE id IN (SELECT id FROM job WHERE state = 'new' AND queue = q ORDER BY run_at LIMIT n FOR UPDATE SKIP LOCKED) RETURNING *$$;
CREATE PROCEDURE finish(r job_result[]) LANGUAGE plpgsql AS $$DECLARE x job_result; BEGIN FOREACH x IN ARRAY r LOOP UPDATE job SET state = CASE WHEN x.ok THEN 'done' ELSE 'failed' END::job_state WHERE id = x.id; COMMIT; END LOOP; END$$;
CREATE FUNCTION wake() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_notify('jobs', new.queue); RETURN NULL; END$$; CREATE TRIGGER wake AFTER INSERT ON job REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION wake(); CREATE VIEW job_stats AS SELECT queue, state, count(*) FROM job GROUP BY queue, state;
