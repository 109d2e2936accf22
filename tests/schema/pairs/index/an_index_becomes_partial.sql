-- old
CREATE TABLE job (id int, state text);
CREATE INDEX queue ON job (id);
-- new
CREATE TABLE job (id int, state text);
CREATE INDEX queue ON job (id) WHERE state = 'queued';
