-- old
CREATE TYPE p AS (id int, name text); CREATE TABLE a OF p (PRIMARY KEY (id)); CREATE TABLE b OF p (name DEFAULT 'x');
-- new
CREATE TYPE p AS (id int, name text, at timestamptz); CREATE TABLE a OF p (PRIMARY KEY (id)); CREATE TABLE b OF p (name DEFAULT 'y', at NOT NULL DEFAULT now());
