-- forbid: DROP TABLE
-- old
CREATE TABLE city (name text);
CREATE TABLE capital (name text, state char(2));
-- new
CREATE TABLE city (name text);
CREATE TABLE capital (name text, state char(2)) INHERITS (city);
