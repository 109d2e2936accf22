-- require: SET SCHEMA
-- forbid: DROP TABLE|CREATE TABLE
-- base
CREATE TABLE events (id serial PRIMARY KEY, v text);
-- old
-- new
CREATE SCHEMA archive; ALTER TABLE events SET SCHEMA archive;
-- data
INSERT INTO events (v) VALUES ('x');
-- check: SELECT v FROM archive.events; => x
