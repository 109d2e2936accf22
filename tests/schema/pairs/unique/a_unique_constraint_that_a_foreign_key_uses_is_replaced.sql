-- old
CREATE TABLE p (code text CONSTRAINT p_code UNIQUE);
CREATE TABLE c (code text CONSTRAINT c_code REFERENCES p (code));
-- new
CREATE TABLE p (code text CONSTRAINT p_code UNIQUE DEFERRABLE INITIALLY IMMEDIATE, CONSTRAINT p_code_really UNIQUE (code));
CREATE TABLE c (code text CONSTRAINT c_code REFERENCES p (code));
