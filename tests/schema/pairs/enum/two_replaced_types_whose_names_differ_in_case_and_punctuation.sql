-- old
CREATE TYPE "My-Type" AS ENUM ('a', 'b');
CREATE TYPE mytype AS ENUM ('a', 'b');
CREATE TABLE t (x "My-Type", y mytype);
-- new
CREATE TYPE "My-Type" AS ENUM ('a');
CREATE TYPE mytype AS ENUM ('a');
CREATE TABLE t (x "My-Type", y mytype);
