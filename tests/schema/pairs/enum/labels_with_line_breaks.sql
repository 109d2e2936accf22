-- one-way
-- old
CREATE TYPE e AS ENUM ('a');
CREATE TABLE t (x e);
-- new
CREATE TYPE e AS ENUM ('a', E'n\nl', E'x;\nALTER TYPE public.e ADD VALUE ''y''', E'cr\r\nlf');
CREATE TABLE t (x e);
