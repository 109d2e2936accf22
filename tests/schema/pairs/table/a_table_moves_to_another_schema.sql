-- base
CREATE SCHEMA archive;
-- old
CREATE TABLE public.events (id int PRIMARY KEY, v text);
-- new
CREATE TABLE archive.events (id int PRIMARY KEY, v text);
