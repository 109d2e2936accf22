-- expect: conflict
-- base
CREATE TABLE p (code text CONSTRAINT p_code UNIQUE); CREATE TABLE c (code text);
-- ours
ALTER TABLE p DROP CONSTRAINT p_code;
-- theirs
ALTER TABLE c ADD FOREIGN KEY (code) REFERENCES p (code);
