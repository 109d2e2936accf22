-- old
CREATE TYPE s AS ENUM ('a','b','c'); CREATE TABLE t (s s DEFAULT 'a');
-- new
CREATE TYPE s AS ENUM ('a','bb','c','d'); CREATE TABLE t (s s DEFAULT 'bb');
