-- expect: same
-- old
CREATE TABLE t (a int, b text, CONSTRAINT c CHECK (a >= 1 AND a <= 5), CONSTRAINT d CHECK (b IN ('x', 'y')));
-- new
CREATE TABLE t (a int, b text, CONSTRAINT d CHECK (b = ANY (ARRAY['x', 'y'])), CONSTRAINT c CHECK ((a >= 1) and (a<=5)));
