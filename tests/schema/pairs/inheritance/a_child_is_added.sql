-- old
CREATE TABLE city (name text, people int CHECK (people >= 0));
-- new
CREATE TABLE city (name text, people int CHECK (people >= 0));
CREATE TABLE capital (state char(2)) INHERITS (city);
