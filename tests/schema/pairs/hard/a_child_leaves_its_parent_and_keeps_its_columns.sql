-- expect: refused back
-- old
CREATE TABLE p (a int, b text, CONSTRAINT pos CHECK (a > 0));
CREATE TABLE q (a int, c date);
CREATE TABLE ch (x int) INHERITS (p);
ALTER TABLE ch ADD COLUMN c date;
-- new
CREATE TABLE p (a int, b text, CONSTRAINT pos CHECK (a > 0));
CREATE TABLE q (a int, c date);
CREATE TABLE ch (a int, b text, c date, x int, CONSTRAINT pos CHECK (a > 0));
