-- old
-- new
CREATE SEQUENCE shared START 1000;
CREATE TABLE a (id bigint DEFAULT nextval('shared') PRIMARY KEY);
CREATE TABLE b (id bigint DEFAULT nextval('shared') PRIMARY KEY);
COMMENT ON SEQUENCE shared IS 'for both';
