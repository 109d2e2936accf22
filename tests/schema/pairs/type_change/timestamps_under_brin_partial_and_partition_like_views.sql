-- old
CREATE TABLE ev (id bigint PRIMARY KEY, at timestamp NOT NULL DEFAULT now(), day date GENERATED ALWAYS AS (at::date) STORED); CREATE INDEX b ON ev USING brin (at); CREATE INDEX p ON ev (at) WHERE at > '2020-01-01'; CREATE VIEW daily AS SELECT date_trunc('day', at) AS d, count(*) FROM ev GROUP BY 1; CREATE RULE r AS ON DELETE TO ev WHERE old.at < '2000-01-01' DO INSTEAD NOTHING;
-- new
CREATE TABLE ev (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now()); CREATE INDEX b ON ev USING brin (at); CREATE INDEX p ON ev (at) WHERE at > '2020-01-01+00'; CREATE VIEW daily AS SELECT date_trunc('day', at) AS d, count(*) FROM ev GROUP BY 1; CREATE RULE r AS ON DELETE TO ev WHERE old.at < '2000-01-01+00' DO INSTEAD NOTHING;
