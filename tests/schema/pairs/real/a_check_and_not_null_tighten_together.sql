-- require: VALIDATE
-- old
CREATE TABLE t (a int, b text);
-- new
CREATE TABLE t (a int NOT NULL CHECK (a > 0), b text NOT NULL DEFAULT 'x', CONSTRAINT a_and_b CHECK (b <> '' OR a > 5));
