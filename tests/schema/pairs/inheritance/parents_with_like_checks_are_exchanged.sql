-- expect: refused back
-- old
CREATE TABLE p1 (a int CONSTRAINT k CHECK (a > 0), b text NOT NULL); CREATE TABLE p2 (a int CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (z int) INHERITS (p1);
-- new
CREATE TABLE p1 (a int CONSTRAINT k CHECK (a > 0), b text NOT NULL); CREATE TABLE p2 (a int CONSTRAINT k CHECK (a > 0)); CREATE TABLE c (z int) INHERITS (p2);
