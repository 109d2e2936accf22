-- old
CREATE TABLE post (id int PRIMARY KEY, title text, body text);
-- new
CREATE TABLE post (id int PRIMARY KEY, title text, body text, search tsvector GENERATED ALWAYS AS (setweight(to_tsvector('english', coalesce(title,'')), 'A') || to_tsvector('english', coalesce(body,''))) STORED); CREATE INDEX post_search ON post USING gin (search);
