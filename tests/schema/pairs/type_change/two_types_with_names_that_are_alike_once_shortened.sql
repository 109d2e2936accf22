-- old
CREATE TYPE mytype AS ENUM ('a', 'b');
CREATE TYPE "My-Type" AS ENUM ('a', 'b');
CREATE TABLE t (x mytype, y "My-Type");
-- new
CREATE TYPE mytype AS ENUM ('a');
CREATE TYPE "My-Type" AS ENUM ('a');
CREATE TABLE t (x mytype, y "My-Type");
