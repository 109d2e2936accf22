-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TABLE t (id int PRIMARY KEY, email text NOT NULL UNIQUE, tags text[]);
-- new
CREATE DOMAIN email AS text CONSTRAINT at CHECK (VALUE LIKE '%@%'); CREATE TABLE t (id int PRIMARY KEY, email email NOT NULL UNIQUE, tags text[]);
