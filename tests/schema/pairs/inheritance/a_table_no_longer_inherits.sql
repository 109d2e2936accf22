-- expect: refused back
-- old
CREATE TABLE city (name text);
CREATE TABLE capital (state char(2)) INHERITS (city);
-- new
CREATE TABLE city (name text);
CREATE TABLE capital (name text, state char(2));
